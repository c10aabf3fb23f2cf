import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { invalidOption, type RqError, show } from '@rq/core'
import { type AnyFunction, parseFunctionRef } from '@rq/job'
import { AllowedPackages } from './allowed-packages.ts'
import { AllowedScripts } from './allowed-scripts.ts'
import { withoutBuildFolder } from './build-folder.ts'
import { callProblem, forbiddenName, readExport } from './export-path.ts'
import { originProblem } from './function-origin.ts'
import { asImportFailure } from './import-failure.ts'
import { importModule } from './import-module.ts'
import { notAllowed, notFound, unreadableTypeScript } from './loading-error.ts'
import { type ModuleFile, realRoots, withoutExtension } from './module-file.ts'
import { ModuleFinder, type Target } from './module-finder.ts'
import { exportsSomething } from './module-text.ts'
import { olderBuild } from './older-build.ts'
import { projectOf } from './package-module.ts'
import { runnableModule } from './runnable-module.ts'

export interface FunctionLoaderOptions {
  /** Folders below which modules may be imported, best first. Default: the working directory. */
  readonly importPaths?: readonly string[]
  /**
   * Packages that may be imported: `@acme/jobs` with all that it exports, or `@acme/jobs/email` alone. Default: none.
   */
  readonly allow?: readonly string[]
  /**
   * Modules that may be run from the top, and folders of them, below the import paths: `scripts/clean`, `scripts`.
   * Default: none.
   */
  readonly scripts?: readonly string[]
  /** Functions by their references: plain names, or any other strings. Default: none. */
  readonly functions?: Readonly<Record<string, AnyFunction>>
  /**
   * What the error of a module that threw says at its end: what must be done so that Node.js imports the module again.
   * Default: nothing.
   */
  readonly importAdvice?: string
  /** Called once for each module that is older than its source. Default: nothing. */
  readonly warn?: (message: string) => void
}

/** A module that was imported. */
interface Loaded extends Target {
  readonly text: string
  readonly exports: object
}

/**
 * Loads the function that a stored reference names, without letting the reference's author choose what code runs. It
 * loads only registered functions, modules whose real path lies below an import path, and allowed packages; of these
 * only functions that the module itself exports, and that were written there, in the project, or in an allowed package.
 * It runs a module from the top only when `scripts` allows it. Whatever can be refused before an import is refused
 * before it.
 */
export class FunctionLoader {
  readonly #importPaths: readonly string[]
  readonly #packages: AllowedPackages
  readonly #finder: ModuleFinder
  readonly #scripts: AllowedScripts
  readonly #functions: ReadonlyMap<string, AnyFunction>
  readonly #importAdvice: string | undefined
  readonly #warn: ((message: string) => void) | undefined
  readonly #loads = new Map<string, Promise<AnyFunction>>()
  readonly #loaded = new Map<string, AnyFunction>()

  /**
   * @throws RqError `RQ_INVALID_OPTION` when one of `functions` cannot be called, or one of `scripts` is no path below
   *   an import path.
   */
  constructor(options: FunctionLoaderOptions = {}) {
    const { importPaths = ['.'], allow = [], scripts = [], functions = {}, importAdvice, warn } = options
    this.#importPaths = importPaths
    this.#packages = new AllowedPackages(allow, importPaths)
    this.#finder = new ModuleFinder(importPaths, this.#packages)
    this.#scripts = new AllowedScripts(scripts)
    this.#functions = new Map(Object.entries(functions))
    this.#importAdvice = importAdvice
    this.#warn = warn
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
        this.#script(reference, await this.#finder.expected(reference, parsed.path))
        return
      case 'dotted': {
        const { parts } = parsed
        refuseForbidden(reference, parts.slice(-1))
        if ((await this.#finder.dotted(reference, parts)) !== undefined) return
        const module = await this.#finder.below(reference, parts.join('/'))
        if (module === undefined) await this.#finder.dottedInPackages(reference, parts)
        else this.#script(reference, module)
        return
      }
      case 'module': {
        refuseForbidden(reference, parsed.exportPath)
        const target = await this.#finder.named(reference, parsed.module, parsed.exportPath)
        refuseScript(reference, target, await textOf(target))
      }
    }
  }

  /** @throws RqError `RQ_INVALID_OPTION` when one of `scripts` does not exist. */
  async checkScripts(): Promise<void> {
    await this.#scripts.check(this.#importPaths)
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
        return this.#script(reference, await this.#finder.expected(reference, parsed.path))
      case 'dotted':
        refuseForbidden(reference, parsed.parts.slice(-1))
        return this.#loadDotted(reference, parsed.parts)
      case 'module': {
        refuseForbidden(reference, parsed.exportPath)
        const target = await this.#finder.named(reference, parsed.module, parsed.exportPath)
        return this.#exportOf(reference, await this.#import(reference, target))
      }
    }
  }

  #script(reference: string, module: ModuleFile): AnyFunction {
    if (this.#scripts.has(module.path)) return runnableModule(reference, module)
    const name = withoutExtension(withoutBuildFolder(module.path))
    throw notAllowed(
      reference,
      `${module.path} is a script; start the worker with --allow-script ${name} (or scripts: ['${name}'])`,
    )
  }

  async #unregistered(name: string): Promise<RqError> {
    const names = [...this.#functions.keys()].slice(0, 10).join(', ')
    // Do not run the module instead: a job that was meant for a function would count as done.
    const module = await this.#finder.below(name, name)
    const hint = module === undefined ? '' : `; to run ${module.path} from the top, enqueue './${name}'`
    const known = names || "none; a worker knows names by its options 'functions' and 'jobs'"
    return notFound(name, `no function is registered by that name (registered: ${known})${hint}`)
  }

  /**
   * The longest leading part that is a module wins, as in RQ; modules below the import paths go before packages. When
   * that module has no such export, or there is no such module, the whole reference may name a module to run.
   */
  async #loadDotted(reference: string, parts: readonly string[]): Promise<AnyFunction> {
    const target = await this.#finder.dotted(reference, parts)
    const isScript = target === undefined || !exportsSomething(await textOf(target))
    const loaded = isScript ? undefined : await this.#import(reference, target)
    if (loaded === undefined || readExport(loaded.exports, loaded.exportPath).outcome === 'missing') {
      const module = await this.#finder.below(reference, parts.join('/'))
      if (module !== undefined) return this.#script(reference, module)
    }
    if (loaded !== undefined) return this.#exportOf(reference, loaded)
    const other = target ?? (await this.#finder.dottedInPackages(reference, parts))
    return this.#exportOf(reference, await this.#import(reference, other))
  }

  async #import(reference: string, target: Target): Promise<Loaded> {
    const { file, shown } = target
    const text = await textOf(target)
    refuseScript(reference, target, text)
    if (this.#warn !== undefined) await warnOfOlderBuild(file, this.#warn)
    try {
      return { ...target, text, ...(await importModule(pathToFileURL(file).href)) }
    } catch (cause) {
      const unreadable = unreadableTypeScript(reference, shown, cause)
      if (unreadable !== undefined) throw unreadable
      const advice = this.#importAdvice === undefined ? '' : `. ${this.#importAdvice}`
      const why = `${shown} could not be imported: it threw ${errorName(cause)}${advice}`
      throw asImportFailure(notFound(reference, why, cause))
    }
  }

  async #exportOf(reference: string, loaded: Loaded): Promise<AnyFunction> {
    const { exportPath, exports, shown } = loaded
    const lookup = readExport(exports, exportPath)
    if (lookup.outcome !== 'found') {
      if (lookup.outcome === 'refused') throw notAllowed(reference, `in ${shown}, ${lookup.why}`)
      const names = Object.getOwnPropertyNames(exports).slice(0, 10).join(', ')
      throw notFound(reference, `${shown} was imported, but ${lookup.why} (exports: ${names || 'none'})`)
    }
    const problem = await originProblem(lookup.fn, loaded, () => this.#homes(loaded))
    if (problem !== undefined) throw notAllowed(reference, `in ${shown}, "${exportPath.join('.')}" ${problem}`)
    return lookup.bound
  }

  /** The folders whose code may be called: the projects of the import paths, and the allowed packages. */
  async #homes({ folder }: Target): Promise<string[]> {
    const roots = await realRoots(this.#importPaths)
    const projects = await Promise.all(roots.map(projectOf))
    return [...projects, ...(await this.#packages.folders()), ...(folder === undefined ? [] : [folder])]
  }
}

async function warnOfOlderBuild(file: string, warn: (message: string) => void): Promise<void> {
  const older = await olderBuild(file, true)
  if (older !== undefined) warn(older)
}

/** The text of a module; '' when it cannot be read, and so not be imported either. */
async function textOf({ file }: Target): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}

function refuseScript(reference: string, { shown }: Target, text: string): void {
  if (text === '' || exportsSomething(text)) return
  throw notAllowed(reference, `${shown} exports nothing: it is a script, and importing it would run it`)
}

function refuseForbidden(reference: string, exportPath: readonly string[]): void {
  const forbidden = forbiddenName(exportPath)
  if (forbidden !== undefined) throw notAllowed(reference, `"${forbidden}" is never followed`)
}

/** Only the error's name: its message comes from the module, and may hold a secret. */
function errorName(error: unknown): string {
  return error instanceof Error && typeof error.name === 'string' ? error.name : show(typeof error)
}
