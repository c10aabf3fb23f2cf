import { splitBuildFolder } from './build-folder.ts'
import {
  FolderListing,
  findModuleFile,
  isInstalled,
  type Language,
  type ModuleFile,
  OUTPUT_FOLDERS,
  pathBelow,
  referenceProblem,
  withoutExtension,
} from './module-file.ts'

const LANGUAGES: readonly Language[] = ['js', 'ts']

/**
 * The name of a module below an import path, such as `./jobs/email`; undefined when it lies elsewhere. `file` and
 * `roots` are real paths. A first folder `src`, `dist`, `build` or `out` is left out where a worker finds the same
 * module without it, and so is the extension.
 */
export async function pathReference(file: string, roots: readonly string[]): Promise<string | undefined> {
  const listing = new FolderListing()
  for (const root of roots) {
    const own = pathBelow(root, file)
    if (own === undefined || isInstalled(own) || referenceProblem(own.split('/')) !== undefined) continue
    for (const form of formsOf(own)) {
      if (await leadsTo({ file, root, path: own }, form, roots, listing)) return `./${form}`
    }
  }
  return undefined
}

/** The ways to write a path below a root, shortest first. */
function formsOf(path: string): string[] {
  const bare = withoutExtension(path)
  const { folder, rest } = splitBuildFolder(bare)
  return folder === '' ? [bare, path] : [rest, bare, path]
}

/** Whether workers of either kind, with TypeScript or without, find the module itself or its other form first. */
async function leadsTo(
  own: ModuleFile,
  form: string,
  roots: readonly string[],
  listing: FolderListing,
): Promise<boolean> {
  for (const language of LANGUAGES) {
    const found = await findModuleFile(roots, form, language, listing)
    if (found === undefined || !(found.file === own.file || isOtherForm(found, own))) return false
  }
  return true
}

/**
 * Whether one file is built from the other: a source and an output folder, or TypeScript and JavaScript side by side.
 */
function isOtherForm(a: ModuleFile, b: ModuleFile): boolean {
  const [one, other] = [splitBuildFolder(a.path), splitBuildFolder(b.path)]
  if (a.root !== b.root || withoutExtension(one.rest) !== withoutExtension(other.rest)) return false
  if (one.folder === other.folder) return asJavaScript(a.path) === asJavaScript(b.path)
  return OUTPUT_FOLDERS.includes(one.folder) !== OUTPUT_FOLDERS.includes(other.folder)
}

const asJavaScript = (path: string): string => path.replace(/ts$/, 'js')
