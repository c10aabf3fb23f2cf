import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { moduleExtension, pathBelow, pathProblem, referenceProblem, withoutExtension } from './module-file.ts'
import { resolveExports, subpathsOf } from './package-exports.ts'

/** `@acme/jobs/email` taken apart. */
export interface PackageSpecifier {
  /** `@acme/jobs` */
  readonly name: string
  /** `.` or `./email` */
  readonly subpath: string
}

interface Package {
  readonly folder: string
  readonly name?: string
  readonly main?: string
  readonly exports?: unknown
}

const SPECIFIER = /^((?:@[\w.~-]+\/)?[A-Za-z0-9~-][\w.~-]*)(?:\/(.+))?$/

/** Take a package specifier apart; undefined when it is not one (a path, a URL, `node:` anything). */
export function parsePackageSpecifier(text: string): PackageSpecifier | undefined {
  const [, name, subpath] = SPECIFIER.exec(text) ?? []
  if (name === undefined) return undefined
  if (subpath !== undefined && referenceProblem(subpath.split('/')) !== undefined) return undefined
  return { name, subpath: subpath === undefined ? '.' : `./${subpath}` }
}

/** A module of a package. Both are real paths. */
export interface PackageModule {
  readonly file: string
  /** The folder of the package. */
  readonly folder: string
}

/**
 * The real path of the file that `import` would load for a specifier in a module at `root`; undefined when there is
 * none.
 */
export async function resolvePackageModule(root: string, specifier: PackageSpecifier): Promise<string | undefined> {
  return (await findPackageModule(root, specifier))?.file
}

/** Like {@link resolvePackageModule}, with the folder of the package. */
export async function findPackageModule(root: string, specifier: PackageSpecifier): Promise<PackageModule | undefined> {
  const found = await packageFor(root, specifier.name)
  if (found === undefined) return undefined
  const file = await moduleOf(found, specifier.subpath)
  return file === undefined ? undefined : { file, folder: found.folder }
}

/** The module that the package at a folder exports by a subpath; undefined when there is none. */
export async function moduleOfPackage(folder: string, subpath: string): Promise<PackageModule | undefined> {
  const found = await readPackage(folder)
  const file = found === undefined ? undefined : await moduleOf(found, subpath)
  return file === undefined ? undefined : { file, folder }
}

/** The name of the package at a folder; undefined when there is none. */
export async function packageNameAt(folder: string): Promise<string | undefined> {
  return (await readPackage(folder))?.name
}

/** The real folder of the package that a bare name means in a module at `root`; undefined when there is none. */
export async function packageFolder(root: string, name: string): Promise<string | undefined> {
  return (await packageFor(root, name))?.folder
}

/** The name of the package that holds a file; undefined when none does. */
export async function packageNameOf(file: string): Promise<string | undefined> {
  return (await owningPackage(file))?.name
}

/** The folder of the nearest package with a name above a file; undefined when there is none. */
export async function packageAround(file: string): Promise<string | undefined> {
  return (await owningPackage(file))?.folder
}

/**
 * The real folder of the package that holds a file, if modules at one of the folders can import it by its name;
 * undefined otherwise.
 */
export async function packageOfFile(file: string, folders: readonly string[]): Promise<string | undefined> {
  const owner = await owningPackage(file)
  if (owner?.name === undefined) return undefined
  for (const folder of folders) if ((await packageFor(folder, owner.name))?.folder === owner.folder) return owner.folder
  return undefined
}

/**
 * The folder of the project that a folder belongs to: the nearest package with a name, else the outermost without one,
 * else the folder itself. A package without a name often sets only the module type of a folder.
 */
export async function projectOf(folder: string): Promise<string> {
  let outermost = folder
  for (const parent of parentsOf(folder)) {
    const found = await readPackage(parent)
    if (found?.name !== undefined) return parent
    if (found !== undefined) outermost = parent
  }
  return outermost
}

async function moduleOf(found: Package, subpath: string): Promise<string | undefined> {
  if (found.exports !== undefined && found.exports !== null) {
    const target = resolveExports(found.exports, subpath, importConditions())
    if (target === undefined || pathProblem(target.slice(2).split('/')) !== undefined) return undefined
    return realModule(join(found.folder, target))
  }
  for (const path of legacyPaths(found, subpath)) {
    const file = await realModule(join(found.folder, path))
    if (file !== undefined) return file
  }
  return undefined
}

/**
 * The specifier by which modules at one of the roots can import `file`, a real path; undefined when none can. A file
 * that is exported only under other conditions than those of this process counts too, when its subpath resolves here:
 * it is the same module in its other form, source or build, ES module or CommonJS.
 */
export async function packageSpecifierOf(file: string, roots: readonly string[]): Promise<string | undefined> {
  const owner = await owningPackage(file)
  const path = owner === undefined ? undefined : pathBelow(owner.folder, file)
  if (owner?.name === undefined || path === undefined) return undefined
  const isListed = owner.exports !== undefined && owner.exports !== null
  const subpaths = isListed ? subpathsOf(owner.exports, `./${path}`) : legacySubpaths(path)
  for (const root of roots) {
    if ((await packageFor(root, owner.name))?.folder !== owner.folder) continue
    for (const subpath of subpaths) {
      const resolved = await resolvePackageModule(root, { name: owner.name, subpath })
      if (resolved === file || (isListed && resolved !== undefined)) return `${owner.name}${subpath.slice(1)}`
    }
  }
  return undefined
}

/**
 * The package that a bare name means in a module at `folder`: the one that holds the module, if it has that name, else
 * an installed one.
 */
async function packageFor(folder: string, name: string): Promise<Package | undefined> {
  const own = await owningPackage(join(folder, 'module.js'))
  if (own?.name === name && own.exports !== undefined) return own
  for (const parent of parentsOf(folder)) {
    const found = await readPackage(join(parent, 'node_modules', name))
    if (found !== undefined) return { ...found, folder: await realpath(found.folder) }
  }
  return undefined
}

/** The nearest package with a name above a file. Nameless ones only set the module type of a folder. */
async function owningPackage(file: string): Promise<Package | undefined> {
  for (const folder of parentsOf(dirname(file))) {
    const found = await readPackage(folder)
    if (found?.name !== undefined) return found
  }
  return undefined
}

async function readPackage(folder: string): Promise<Package | undefined> {
  try {
    const { name, main, exports }: Record<string, unknown> = JSON.parse(
      await readFile(join(folder, 'package.json'), 'utf8'),
    )
    return {
      folder,
      ...(typeof name === 'string' && { name }),
      ...(typeof main === 'string' && { main }),
      exports,
    }
  } catch {
    return undefined
  }
}

function* parentsOf(folder: string): Generator<string> {
  for (let current = folder; ; current = dirname(current)) {
    yield current
    if (dirname(current) === current) return
  }
}

function legacyPaths({ main }: Package, subpath: string): string[] {
  if (subpath === '.') return main === undefined ? ['index.js'] : [main, `${main}.js`, `${main}/index.js`, 'index.js']
  return ['', '.js', '.mjs', '.cjs', '/index.js'].map((ending) => `${subpath}${ending}`)
}

/**
 * Subpaths that may lead to a file of a package without `exports`, best first. The caller checks each by resolving it.
 */
function legacySubpaths(path: string): string[] {
  return ['.', `./${withoutExtension(path)}`, `./${path}`]
}

async function realModule(path: string): Promise<string | undefined> {
  if (moduleExtension(path) === '') return undefined
  const isFile = (await stat(path).catch(() => undefined))?.isFile() ?? false
  return isFile ? realpath(path) : undefined
}

/** The conditions of `import` in this process: Node's own and those of `--conditions`. */
function importConditions(): ReadonlySet<string> {
  const conditions = new Set(['node', 'node-addons', 'import'])
  if ((process.features as { require_module?: boolean }).require_module) conditions.add('module-sync')
  const flags = [...(process.env.NODE_OPTIONS ?? '').split(/\s+/), ...process.execArgv]
  for (const [index, flag] of flags.entries()) {
    const value = /^(?:-C|--conditions)(?:=(.+))?$/.exec(flag)
    const condition = value === null ? undefined : (value[1] ?? flags[index + 1])
    if (condition !== undefined) conditions.add(condition)
  }
  return conditions
}
