import { OUTPUT_FOLDERS } from './module-file.ts'

/** First folders that references leave out. */
export const BUILD_FOLDERS: readonly string[] = ['src', ...OUTPUT_FOLDERS]

/** The first folder of a path below an import path, if it holds source or a build, and the rest of the path. */
export function splitBuildFolder(path: string): { folder: string; rest: string } {
  const [first = '', ...rest] = path.split('/')
  return rest.length > 0 && BUILD_FOLDERS.includes(first)
    ? { folder: first, rest: rest.join('/') }
    : { folder: '', rest: path }
}

/** A path below an import path, as references have it: without a first folder of source or build. */
export function withoutBuildFolder(path: string): string {
  return splitBuildFolder(path).rest
}
