import { isBuiltin } from 'node:module'
import { pathToFileURL } from 'node:url'
import { invalidOption, type RqError, show } from '@rq/core'
import { type AnyFunction, parseFunctionRef } from '@rq/job'
import { callProblem, forbiddenName, readExport } from './export-path.ts'
import { asImportFailure } from './import-failure.ts'
import { type Imported, importModule } from './import-module.ts'
import { notAllowed, notFound, unreadableTypeScript } from './loading-error.ts'
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
import { runnableModule } from './runnable-module.ts'

export interface FunctionLoaderOptions {
  /** Folders below which modules may be imported, best first. Default: the working directory. */
  readonly importPaths?: readonly string[]
  /**
   * Packages that may be imported: `@acme/jobs` with all that it exports, or `@acme/jobs/email` alone. Default: none.
   */
  readonly allow?: readonly string[]
  /** Functions by their references: plain names, or any other strings. Default: none. */
  readonly functions?: Readonly<Record<string, AnyFunction>>
  /**
   * What the error of a module that threw says at its end: what must be done so that Node.js imports the module again.
   * Default: nothing.
   */
  readonly importAdvice?: string
}

/** A module that may be imported, and the names below its exports. */
interface Target {
  readonly file: string
  /** Its name in messages: never an absolute path. */
  readonly shown: string
  readonly exportPath: readonly string[]
}

/**
 * Loads the function that a stored reference names, without letting the reference's author choose what code runs. It
 * loads only registered functions, modules whose real path lies below an import path, and allowed packages; of these
 * only functions that the module itself exports. Whatever can be refused before an import is refused before it.
 */
export class FunctionLoader {
  readonly #importPaths: readonly string[]
  readonly #allow: ReadonlySet<string>
  readonly #functions: ReadonlyMap<string, AnyFunction>
  readonly #importAdvice: string | undefined
  readonly #loads = new Map<string, Promise<AnyFunction>>()
  readonly #loaded = new Map<string, AnyFunction>()

  /** @throws RqError `RQ_INVALID_OPTION` when one of `functions` cannot be called. */
  constructor({ importPaths = ['.'], allow = [], functions = {}, importAdvice }: FunctionLoaderOptions = {}) {
    this.#importPaths = importPaths
    this.#allow = new Set(allow)
    this.#functions = new Map(Object.entries(functions))
    this.#importAdvice = importAdvice
    for (const [name, fn] of this.#functions) {
      if (typeof fn !== 'function') throw invalidOption(`functions.${name}`, fn, 'a function')
      const problem = callProblem(fn)
      if (problem !== undefined) throw invalidOption(`functions.${name}`, fn, `a plain function: it ${problem}`)
    }
  }

  /**
   * Load the function that a reference names. Calls at the same time share one import, and later calls return the same
   * function. For a reference to a module alone (`./path/to/file`, `path.to.file`), return a function that runs the
   * module from the top at every call.
   * @throws RqError `RQ_INVALID_REFERENCE` for a string that is not a reference, `RQ_FUNCTION_NOT_ALLOWED` for one that
   *   may not be followed, `RQ_FUNCTION_NOT_FOUND` when there is no such module or export, or when the module throws
   *   (its error is the `cause`).
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

  /**
   * Look for the module of a reference. Imports nothing, so it does not see whether the module has the export.
   * @throws what {@link load} throws before an import.
   */
  async find(reference: string): Promise<void> {
    if (this.#functions.has(reference)) return
    const parsed = parseFunctionRef(reference)
    switch (parsed.kind) {
      case 'name':
        throw await this.#unregistered(parsed.name)
      case 'script':
        await this.#expected(reference, parsed.path)
        return
      case 'dotted': {
        const { parts } = parsed
        refuseForbidden(reference, parts.slice(-1))
        const below = (await this.#targetBelow(reference, parts)) ?? (await this.#below(reference, parts.join('/')))
        if (below === undefined) await this.#targetInPackages(reference, parts)
        return
      }
      case 'module':
        refuseForbidden(reference, parsed.exportPath)
        await this.#resolveModule(reference, parsed.module, parsed.exportPath)
    }
  }

  /** The function that {@link load} has loaded before; undefined when it has not. Synchronous. */
  loaded(reference: string): AnyFunction | undefined {
    return this.#loaded.get(reference)
  }

  async #load(reference: string): Promise<AnyFunction> {
    const registered = this.#functions.get(reference)
    if (registered !== undefined) return registered
    const parsed = parseFunctionRef(reference)
    switch (parsed.kind) {
      case 'name':
        throw await this.#unregistered(parsed.name)
      case 'script':
        return runnableModule(reference, await this.#expected(reference, parsed.path))
      case 'dotted':
        refuseForbidden(reference, parsed.parts.slice(-1))
        return this.#loadDotted(reference, parsed.parts)
      case 'module': {
        refuseForbidden(reference, parsed.exportPath)
        const target = await this.#resolveModule(reference, parsed.module, parsed.exportPath)
        return exportOf(reference, target, await this.#import(reference, target))
      }
    }
  }

  async #unregistered(name: string): Promise<RqError> {
    const names = [...this.#functions.keys()].slice(0, 10).join(', ')
    // Do not run the module instead: a job that was meant for a function would count as done.
    const module = await this.#below(name, name)
    const hint = module === undefined ? '' : `; to run ${module.path} from the top, enqueue './${name}'`
    return notFound(name, `no function is registered by that name (registered: ${names || 'none'})${hint}`)
  }

  async #resolveModule(reference: string, module: string, exportPath: readonly string[]): Promise<Target> {
    if (module.startsWith('./')) {
      const found = await this.#expected(reference, module.slice(2))
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

  /**
   * The longest leading part that is a module wins, as in RQ; modules below the import paths go before packages. When
   * that module has no such export, or there is no such module, the whole reference may name a module to run.
   */
  async #loadDotted(reference: string, parts: readonly string[]): Promise<AnyFunction> {
    if (parts.length > MOST_PARTS) throw notFound(reference, `it has more than ${MOST_PARTS} parts`)
    const target = await this.#targetBelow(reference, parts)
    const imported = target && (await this.#import(reference, target))
    if (target === undefined || readExport(imported?.exports ?? {}, target.exportPath).outcome === 'missing') {
      const module = await this.#below(reference, parts.join('/'))
      if (module !== undefined) return runnableModule(reference, module)
    }
    if (target !== undefined && imported !== undefined) return exportOf(reference, target, imported)
    const packaged = await this.#targetInPackages(reference, parts)
    return exportOf(reference, packaged, await this.#import(reference, packaged))
  }

  async #targetBelow(reference: string, parts: readonly string[]): Promise<Target | undefined> {
    for (let length = parts.length - 1; length > 0; length--) {
      const found = await this.#below(reference, parts.slice(0, length).join('/'))
      if (found !== undefined) return { file: found.file, shown: found.path, exportPath: parts.slice(length) }
    }
    return undefined
  }

  async #targetInPackages(reference: string, parts: readonly string[]): Promise<Target> {
    if (isBuiltin(parts[0] ?? '')) throw notAllowed(reference, `${show(parts[0])} is a module of Node's own`)
    for (let length = parts.length - 1; length > 0; length--) {
      const specifier = parsePackageSpecifier(parts.slice(0, length).join('/'))
      if (specifier === undefined || !this.#isAllowed(specifier)) continue
      const file = await this.#inPackages(specifier)
      if (file !== undefined) return { file, shown: specifier.name, exportPath: parts.slice(length) }
    }
    throw notFound(reference, this.#lookedFor(parts.slice(0, -1).join('/')))
  }

  /** Like {@link #below}, but a missing module is an error. */
  async #expected(reference: string, path: string): Promise<ModuleFile> {
    const found = await this.#below(reference, path)
    if (found === undefined) throw notFound(reference, this.#lookedFor(path))
    return found
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

  async #import(reference: string, { file, shown }: Target): Promise<Imported> {
    try {
      return await importModule(pathToFileURL(file).href)
    } catch (cause) {
      const unreadable = unreadableTypeScript(reference, shown, cause)
      if (unreadable !== undefined) throw unreadable
      const advice = this.#importAdvice === undefined ? '' : `. ${this.#importAdvice}`
      const why = `${shown} could not be imported: it threw ${errorName(cause)}${advice}`
      throw asImportFailure(notFound(reference, why, cause))
    }
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

function exportOf(reference: string, { shown, exportPath }: Target, { exports }: Imported): AnyFunction {
  const lookup = readExport(exports, exportPath)
  if (lookup.outcome === 'found') return lookup.fn
  if (lookup.outcome === 'refused') throw notAllowed(reference, `in ${shown}, ${lookup.why}`)
  const names = Object.getOwnPropertyNames(exports).slice(0, 10).join(', ')
  throw notFound(reference, `${shown} was imported, but ${lookup.why} (exports: ${names || 'none'})`)
}

function refuseForbidden(reference: string, exportPath: readonly string[]): void {
  const forbidden = forbiddenName(exportPath)
  if (forbidden !== undefined) throw notAllowed(reference, `"${forbidden}" is never followed`)
}

/** A file in `node_modules` below a root does not count, even through a link: packages have a rule of their own. */
function isWithin(root: string, file: string): boolean {
  const path = pathBelow(root, file)
  return path !== undefined && !isInstalled(path)
}

/** Only the error's name: its message comes from the module, and may hold a secret. */
function errorName(error: unknown): string {
  return error instanceof Error && typeof error.name === 'string' ? error.name : show(typeof error)
}
