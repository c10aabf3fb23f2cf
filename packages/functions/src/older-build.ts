import { stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import process from 'node:process'
import { splitBuildFolder } from './build-folder.ts'
import { EXTENSIONS, moduleExtension, OUTPUT_FOLDERS, pathBelow, withoutExtension } from './module-file.ts'
import { projectOf } from './package-module.ts'

/** Modules that were compared in this process. */
const compared = new Set<string>()

/**
 * A warning for a module whose build is older than its source, so that plain Node.js runs old code; undefined when it
 * is not, and when the module was looked at before in this process. `file` is either of them, or with `builtOnly` the
 * build. Only the module itself is compared, not what it imports.
 */
export async function olderBuild(file: string, builtOnly = false): Promise<string | undefined> {
  if (compared.has(file)) return undefined
  compared.add(file)
  const project = await projectOf(dirname(file))
  const path = pathBelow(project, file)
  if (path === undefined) return undefined
  const forms = formsOf(path)
  if (builtOnly && !forms.isBuild) return undefined
  const build = await firstOf(project, forms.builds)
  const source = await firstOf(project, forms.sources)
  if (build === undefined || source === undefined || source.changedMs <= build.changedMs) return undefined
  const [old, fresh] = [build, source].map((one) => relative(process.cwd(), join(project, one.path)))
  return `${old} is older than ${fresh}, and plain Node.js runs it: build it again, or start the worker with a loader such as --import tsx`
}

/** The paths that a module may have as source and as build, best first. */
function formsOf(path: string): { builds: string[]; sources: string[]; isBuild: boolean } {
  const { folder, rest } = splitBuildFolder(path)
  const bare = withoutExtension(rest)
  const all = (folders: readonly string[], extensions: readonly string[]) =>
    folders.flatMap((one) => extensions.map((extension) => `${one === '' ? '' : `${one}/`}${bare}${extension}`))
  const isTypeScript = moduleExtension(path).endsWith('ts')
  if (OUTPUT_FOLDERS.includes(folder)) {
    return { builds: [path], sources: all(['src', ''], [...EXTENSIONS.ts, ...EXTENSIONS.js]), isBuild: true }
  }
  if (folder === '' && !isTypeScript) return { builds: [path], sources: all([''], EXTENSIONS.ts), isBuild: true }
  const beside = isTypeScript ? all([folder], EXTENSIONS.js) : []
  return { builds: [...beside, ...all(OUTPUT_FOLDERS, EXTENSIONS.js)], sources: [path], isBuild: false }
}

async function firstOf(
  project: string,
  paths: readonly string[],
): Promise<{ path: string; changedMs: number } | undefined> {
  for (const path of paths) {
    const found = await stat(join(project, path)).catch(() => undefined)
    if (found?.isFile()) return { path, changedMs: found.mtimeMs }
  }
  return undefined
}
