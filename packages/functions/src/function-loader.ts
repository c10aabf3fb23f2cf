import { createRequire, isBuiltin } from 'node:module'
import { pathToFileURL } from 'node:url'
import { invalidOption, RqError, show } from '@rq/core'
import { type AnyFunction, type ParsedFunctionRef, parseFunctionRef } from '@rq/job'
import { callProblem, forbiddenName, readExport } from './export-path.ts'
import { importModule } from './import-module.ts'
import {
  findModuleFile,
  isInstalled,
  type ModuleFile,
  pathBelow,
  pathProblem,
  preferredLanguage,
  realRoots,
} from './module-file.ts'
import { type PackageSpecifier, parsePackageSpecifier, resolvePackageModule } from './package-module.ts'

export interface FunctionLoaderOptions {
  /** Folders below which modules may be imported, best first. Default: the working directory. */
  readonly importPaths?: readonly string[]
  /** Packages that may be imported: `@acme/jobs` with all that it exports, or `@acme/jobs/email` alone. Default: none. */
  readonly allow?: readonly string[]
  /** Functions by the reference that stands for them, a plain name or any other text. Default: none. */
  readonly functions?: Readonly<Record<string, AnyFunction>>
}

/** A module that may be imported, and the names below its exports. */
interface Target {
  readonly file: string
  /** How messages call it: never an absolute path. */
  readonly shown: string
  readonly exportPath: readonly string[]
}

/**
 * From a stored reference to a function, without letting the one who wrote it choose what code runs:
 * only registered functions, modules whose real path lies below an import path, and allowed packages; of these only
 * functions that the module itself exports. Everything that can be refused is refused before anything is imported.
 */
export class FunctionLoader {
  readonly #importPaths: readonly string[]
  readonly #allow: ReadonlySet<string>
  readonly #functions: ReadonlyMap<string, AnyFunction>
  readonly #loads = new Map<string, Promise<AnyFunction>>()
  readonly #loaded = new Map<string, AnyFunction>()
  #runs = 0

  /** @throws RqError `RQ_INVALID_OPTION` when one of `functions` cannot be called. */
  constructor({ importPaths = ['.'], allow = [], functions = {} }: FunctionLoaderOptions = {}) {
    this.#importPaths = importPaths
    this.#allow = new Set(allow)
    this.#functions = new Map(Object.entries(functions))
    for (const [name, fn] of this.#functions) {
      if (typeof fn !== 'function') throw invalidOption(`functions.${name}`, fn, 'a function')
      const problem = callProblem(fn)
      if (problem !== undefined) throw invalidOption(`functions.${name}`, fn, `a plain function: it ${problem}`)
    }
  }

  /**
   * The function that a reference names. Kept once loaded; calls at the same time share one import.
   * @throws RqError `RQ_INVALID_REFERENCE` for text that is not a reference, `RQ_FUNCTION_NOT_ALLOWED` for one that may not be followed,
   * `RQ_FUNCTION_NOT_FOUND` when there is no such module or export, or when the module throws (its error is the `cause`).
   */
  load(reference: string): Promise<AnyFunction> {
    const known = this.#loads.get(reference)
    if (known !== undefined) return known
    const load = this.#load(reference)
    this.#loads.set(reference, load)
    load.then(
      (func) => this.#loaded.set(reference, func),
      () => this.#loads.delete(reference),
    )
    return load
  }

  /** What {@link load} has loaded before, without waiting. */
  loaded(reference: string): AnyFunction | undefined {
    return this.#loaded.get(reference)
  }

  /**
   * Run the top level of a module below an import path, again at every call: `./path/to/file` or `path.to.file`.
   * What it imports runs only once. Each run leaves its module in memory.
   * @throws RqError as {@link load}; an error of the module itself is the `cause` of `RQ_FUNCTION_NOT_FOUND`.
   */
  async runModule(reference: string): Promise<void> {
    const path = reference.startsWith('./') ? reference.slice(2) : dottedPath(reference)
    const found = await this.#below(reference, path)
    if (found === undefined) throw notFound(reference, this.#lookedFor(path))
    delete createRequire(import.meta.url).cache[found.file]
    this.#runs += 1
    await importTarget(reference, { file: found.file, shown: found.path, exportPath: [] }, `?run=${this.#runs}`)
  }

  async #load(reference: string): Promise<AnyFunction> {
    const registered = this.#functions.get(reference)
    if (registered !== undefined) return registered
    const target = await this.#resolve(reference, parseFunctionRef(reference))
    const exports = await importTarget(reference, target)
    return exportOf(reference, target, exports.exports)
  }

  async #resolve(reference: string, parsed: ParsedFunctionRef): Promise<Target> {
    if (parsed.kind === 'name') {
      const names = [...this.#functions.keys()].slice(0, 10).join(', ')
      throw notFound(reference, `no function is registered by that name (registered: ${names || 'none'})`)
    }
    const path = parsed.kind === 'module' ? parsed.exportPath : parsed.parts.slice(-1)
    const forbidden = forbiddenName(path)
    if (forbidden !== undefined) throw notAllowed(reference, `"${forbidden}" is never followed`)
    return parsed.kind === 'dotted'
      ? this.#resolveDotted(reference, parsed.parts)
      : this.#resolveModule(reference, parsed.module, parsed.exportPath)
  }

  async #resolveModule(reference: string, module: string, exportPath: readonly string[]): Promise<Target> {
    if (module.startsWith('./')) {
      const path = module.slice(2)
      const found = await this.#below(reference, path)
      if (found === undefined) throw notFound(reference, this.#lookedFor(path))
      return { file: found.file, shown: found.path, exportPath }
    }
    const specifier = isBuiltin(module) ? undefined : parsePackageSpecifier(module)
    if (specifier === undefined || isBuiltin(specifier.name)) {
      throw notAllowed(
        reference,
        `${show(module)} is neither a path below an import path ('./jobs/email') nor a package`,
      )
    }
    if (!this.#isAllowed(specifier)) {
      throw notAllowed(
        reference,
        `the package ${show(specifier.name)} is not in the worker's allow option; a module below an import path is written ${show(`./${module}`)}`,
      )
    }
    const file = await this.#inPackages(specifier)
    if (file === undefined) throw notFound(reference, `${show(module)} is not installed, or does not export that path`)
    return { file, shown: module, exportPath }
  }

  /** The longest leading part that is a module wins, as in RQ; modules below the import paths go before packages. */
  async #resolveDotted(reference: string, parts: readonly string[]): Promise<Target> {
    if (parts.length > MOST_PARTS) throw notFound(reference, `it has more than ${MOST_PARTS} parts`)
    for (let length = parts.length - 1; length > 0; length--) {
      const path = parts.slice(0, length).join('/')
      const found = await this.#below(reference, path)
      if (found !== undefined) return { file: found.file, shown: found.path, exportPath: parts.slice(length) }
    }
    if (isBuiltin(parts[0] ?? '')) throw notAllowed(reference, `${show(parts[0])} is a module of Node's own`)
    for (let length = parts.length - 1; length > 0; length--) {
      const specifier = parsePackageSpecifier(parts.slice(0, length).join('/'))
      if (specifier === undefined || !this.#isAllowed(specifier)) continue
      const file = await this.#inPackages(specifier)
      if (file !== undefined) return { file, shown: specifier.name, exportPath: parts.slice(length) }
    }
    throw notFound(reference, this.#lookedFor(parts.slice(0, -1).join('/')))
  }

  /** A module below an import path, by its real path; undefined when there is none. */
  async #below(reference: string, path: string): Promise<ModuleFile | undefined> {
    const problem = pathProblem(path.split('/'))
    if (problem !== undefined) throw notAllowed(reference, problem)
    const roots = await realRoots(this.#importPaths)
    const found = await findModuleFile(roots, path, preferredLanguage())
    if (found === undefined) return undefined
    if (roots.some((root) => isWithin(root, found.file))) return found
    throw notAllowed(reference, `${found.path} is a link that leads out of the import paths`)
  }

  async #inPackages(specifier: PackageSpecifier): Promise<string | undefined> {
    for (const root of await realRoots(this.#importPaths)) {
      const file = await resolvePackageModule(root, specifier)
      if (file !== undefined) return file
    }
    return undefined
  }

  #isAllowed({ name, subpath }: PackageSpecifier): boolean {
    return this.#allow.has(name) || this.#allow.has(`${name}${subpath.slice(1)}`)
  }

  #lookedFor(path: string): string {
    return `there is no module ./${path} (.js .mjs .cjs .ts .mts .cts, or index in a folder) in the import paths (${this.#importPaths.join(', ')}), nor in their dist, build, out and src`
  }
}

const MOST_PARTS = 20

async function importTarget(reference: string, { file, shown }: Target, query = ''): Promise<{ exports: object }> {
  try {
    return await importModule(pathToFileURL(file).href + query)
  } catch (cause) {
    const isUnreadable = (cause as { code?: unknown } | null)?.code === 'ERR_UNKNOWN_FILE_EXTENSION'
    throw notFound(
      reference,
      isUnreadable && /ts$/.test(file)
        ? `${shown} is TypeScript, which this process cannot load. Build it, or start the worker with a loader such as --import tsx`
        : `${shown} could not be imported: it threw ${errorName(cause)}`,
      cause,
    )
  }
}

function exportOf(reference: string, { shown, exportPath }: Target, exports: object): AnyFunction {
  const lookup = readExport(exports, exportPath)
  if (lookup.outcome === 'found') return lookup.fn
  if (lookup.outcome === 'refused') throw notAllowed(reference, `in ${shown}, ${lookup.why}`)
  const names = Object.getOwnPropertyNames(exports).slice(0, 10).join(', ')
  throw notFound(reference, `${shown} was imported, but ${lookup.why} (exports: ${names || 'none'})`)
}

function dottedPath(reference: string): string {
  const parsed = parseFunctionRef(reference)
  if (parsed.kind === 'module') throw notAllowed(reference, 'a module alone is named without "#"')
  return parsed.kind === 'name' ? parsed.name : parsed.parts.join('/')
}

/** Packages have their own rule, so what is installed below a root is not below it in this sense, links included. */
function isWithin(root: string, file: string): boolean {
  const path = pathBelow(root, file)
  return path !== undefined && !isInstalled(path)
}

/** Its name only: the message is the module's, and may hold a secret. */
function errorName(error: unknown): string {
  return error instanceof Error && typeof error.name === 'string' ? error.name : show(typeof error)
}

function notAllowed(reference: string, why: string): RqError {
  return new RqError('RQ_FUNCTION_NOT_ALLOWED', `Refused to load ${show(reference)}: ${why}.`, {
    details: { reference },
  })
}

function notFound(reference: string, why: string, cause?: unknown): RqError {
  return new RqError('RQ_FUNCTION_NOT_FOUND', `Cannot load ${show(reference)}: ${why}.`, {
    details: { reference },
    cause,
  })
}
