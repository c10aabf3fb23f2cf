import { readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import process from 'node:process'
import { commonJs } from './common-js.ts'
import { importIsNative } from './import-module.ts'

/** A module found below an import path. */
export interface ModuleFile {
  /** The file's real path. */
  readonly file: string
  /** The import path, as an absolute real path. */
  readonly root: string
  /** Path below the root, with `/`, as it is spelled on disk; links are not followed. */
  readonly path: string
}

export type Language = 'js' | 'ts'

/** The extensions of modules, best first. */
export const EXTENSIONS: Readonly<Record<Language, readonly string[]>> = {
  js: ['.js', '.mjs', '.cjs'],
  ts: ['.ts', '.mts', '.cts'],
}
/** Folders that a build makes from `src`, or from the root itself. */
export const OUTPUT_FOLDERS: readonly string[] = ['dist', 'build', 'out']
const FOLDERS: Readonly<Record<Language, readonly string[]>> = {
  js: ['', ...OUTPUT_FOLDERS, 'src'],
  ts: ['', 'src', ...OUTPUT_FOLDERS],
}
const TYPESCRIPT_FLAG =
  /(?:^|[\\/=])(?:tsx|ts-node|jiti|@?swc[\w-]*)(?:[\\/@]|$)|^--experimental-(?:strip|transform)-types$/
const EXTENSION = /\.([mc]?)([jt])s$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are refused
const UNSAFE = /[\\:?#%\u0000-\u001f\u007f]/

/** The extension of a module file; '' when it is none. `.d.ts` files hold no code. */
export function moduleExtension(path: string): string {
  return /\.d\.[mc]?ts$/.test(path) ? '' : (EXTENSION.exec(path)?.[0] ?? '')
}

/** A path without its module extension. */
export function withoutExtension(path: string): string {
  return path.slice(0, path.length - moduleExtension(path).length)
}

/** Why the path of a reference is refused, as a clause for a message; undefined when it is not. */
export function referenceProblem(segments: readonly string[]): string | undefined {
  const problem = pathProblem(segments)
  if (problem !== undefined || !isHidden(segments.join('/'))) return problem
  return 'files and folders whose names begin with "." are never imported'
}

/** Why a module path is refused, as a clause for a message; undefined when it is not. */
export function pathProblem(segments: readonly string[]): string | undefined {
  for (const segment of segments) {
    if (segment === '') return 'it has an empty path segment'
    if (segment === '.' || segment === '..') return 'it has "." or ".." segments'
    if (segment.toLowerCase() === 'node_modules') return 'packages are named by their own name, not by their path'
    if (UNSAFE.test(segment)) return 'it has a character that file URLs or other systems read differently (\\ : ? # %)'
  }
  return undefined
}

/**
 * The language to try first: TypeScript where a loader for it is in use, JavaScript otherwise.
 * Node's own type stripping does not count, because it is always on.
 */
export function preferredLanguage(): Language {
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)]
  const hasLoader =
    !importIsNative ||
    moduleExtension(process.argv[1] ?? '').endsWith('ts') ||
    commonJs().extensions['.ts'] !== undefined ||
    flags.some((flag) => TYPESCRIPT_FLAG.test(flag))
  return hasLoader ? 'ts' : 'js'
}

/**
 * Where a module path may lie below a root, best first: the root itself, then what a build makes from it, then its
 * source. JavaScript goes before TypeScript or after it, as `prefer` says; a file goes before a folder's index.
 */
function modulePaths(modulePath: string, prefer: Language): string[] {
  const written = moduleExtension(modulePath)
  const languages: readonly Language[] = prefer === 'js' ? ['js', 'ts'] : ['ts', 'js']
  if (written !== '') {
    const other = modulePath.replace(EXTENSION, (_, kind, letter) => `.${kind}${letter === 'j' ? 't' : 'j'}s`)
    return [modulePath, other].flatMap((path) => FOLDERS[prefer].map((folder) => below(folder, path)))
  }
  const paths: string[] = []
  for (const language of languages) {
    for (const folder of FOLDERS[prefer]) {
      for (const ending of ['', '/index']) {
        for (const extension of EXTENSIONS[language]) paths.push(below(folder, `${modulePath}${ending}${extension}`))
      }
    }
  }
  return paths.filter((path) => moduleExtension(path) !== '')
}

/** The first file for `modulePath` (`jobs/email`) below the roots, spelled exactly so; undefined when there is none. */
export async function findModuleFile(
  roots: readonly string[],
  modulePath: string,
  prefer: Language,
  listing: FolderListing = new FolderListing(),
): Promise<ModuleFile | undefined> {
  for (const root of roots) {
    for (const path of modulePaths(modulePath, prefer)) {
      const file = join(root, path)
      if (!(await listing.has(root, path)) || !(await isFile(file))) continue
      return { file: await realpath(file), root, path }
    }
  }
  return undefined
}

/** The import paths as real, absolute folders; those that do not exist are left out. Default: the working directory. */
export async function realRoots(importPaths: readonly string[] = ['.']): Promise<string[]> {
  const roots = await Promise.all(importPaths.map((path) => realpath(resolve(path)).catch(() => undefined)))
  return [...new Set(roots.filter((root) => root !== undefined))]
}

/** The path of `file` below `root` with `/`; undefined when it lies elsewhere. Both are real paths. */
export function pathBelow(root: string, file: string): string | undefined {
  const path = relative(root, file)
  if (path === '' || path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)) return undefined
  return path.split(sep).join('/')
}

/** Whether a path leads through `node_modules`. */
export function isInstalled(path: string): boolean {
  return path.split(/[\\/]/).includes('node_modules')
}

/** Whether a path leads through a file or folder whose name begins with a dot, such as `.yarn`. */
export function isHidden(path: string): boolean {
  return path.split('/').some((name) => name.startsWith('.'))
}

/** Looks names up in folders letter for letter, also on case-insensitive file systems. Reads each folder once. */
export class FolderListing {
  readonly #folders = new Map<string, Promise<ReadonlySet<string>>>()

  async has(root: string, path: string): Promise<boolean> {
    let folder = root
    for (const name of path.split('/')) {
      if (!(await this.#names(folder)).has(name)) return false
      folder = join(folder, name)
    }
    return true
  }

  #names(folder: string): Promise<ReadonlySet<string>> {
    const known = this.#folders.get(folder)
    if (known !== undefined) return known
    const names = readdir(folder).then(
      (entries) => new Set(entries),
      () => new Set<string>(),
    )
    this.#folders.set(folder, names)
    return names
  }
}

const below = (folder: string, path: string): string => (folder === '' ? path : `${folder}/${path}`)

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false
}
