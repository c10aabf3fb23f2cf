import { isBuiltin } from 'node:module'
import { show } from '@rq/core'
import type { AllowedPackages } from './allowed-packages.ts'
import { notAllowed, notFound } from './loading-error.ts'
import {
  findModuleFile,
  isHidden,
  isInstalled,
  type ModuleFile,
  pathBelow,
  preferredLanguage,
  realRoots,
  referenceProblem,
} from './module-file.ts'
import { parsePackageSpecifier } from './package-module.ts'

/** A module that may be imported, and the names below its exports. */
export interface Target {
  /** Real path. */
  readonly file: string
  /** Its name in messages: never an absolute path. */
  readonly shown: string
  readonly exportPath: readonly string[]
  /** The folder of the package that holds it, if it is a package's. */
  readonly folder?: string
}

const MOST_PARTS = 20
/** Kubernetes links the files of a mounted volume to `..data/`, which leads to a folder such as `..2026_11_29_12/`. */
const KUBERNETES_FOLDERS = /(?<=^|\/)\.\.[^/]+\//g

/** Finds the modules that references name. Imports nothing, and refuses whatever may not be imported. */
export class ModuleFinder {
  readonly #importPaths: readonly string[]
  readonly #packages: AllowedPackages

  constructor(importPaths: readonly string[], packages: AllowedPackages) {
    this.#importPaths = importPaths
    this.#packages = packages
  }

  /** The module of a reference with a `#`: a path below an import path, or a package. @throws RqError. */
  async named(reference: string, module: string, exportPath: readonly string[]): Promise<Target> {
    if (module.startsWith('./')) {
      const found = await this.expected(reference, module.slice(2))
      return { file: found.file, shown: found.path, exportPath }
    }
    const specifier = isBuiltin(module) ? undefined : parsePackageSpecifier(module)
    if (specifier === undefined || isBuiltin(specifier.name)) {
      throw notAllowed(
        reference,
        `${show(module)} is neither a path below an import path ('./jobs/email') nor a package`,
      )
    }
    if (!this.#packages.has(specifier)) {
      throw notAllowed(
        reference,
        `the package ${show(specifier.name)} is not in the worker's allow option; a module below an import path is written ${show(`./${module}`)}`,
      )
    }
    const found = await this.#packages.find(specifier)
    if (found === undefined) throw notFound(reference, `${show(module)} is not installed, or does not export that path`)
    return { ...found, shown: module, exportPath }
  }

  /** The module below an import path that is the longest leading part of a dotted reference. @throws RqError. */
  async dotted(reference: string, parts: readonly string[]): Promise<Target | undefined> {
    if (parts.length > MOST_PARTS) throw notFound(reference, `it has more than ${MOST_PARTS} parts`)
    for (let length = parts.length - 1; length > 0; length--) {
      const found = await this.below(reference, parts.slice(0, length).join('/'))
      if (found !== undefined) return { file: found.file, shown: found.path, exportPath: parts.slice(length) }
    }
    return undefined
  }

  /** The module of an allowed package that is the longest leading part of a dotted reference. @throws RqError. */
  async dottedInPackages(reference: string, parts: readonly string[]): Promise<Target> {
    if (isBuiltin(parts[0] ?? '')) throw notAllowed(reference, `${show(parts[0])} is a module of Node's own`)
    for (let length = parts.length - 1; length > 0; length--) {
      const specifier = parsePackageSpecifier(parts.slice(0, length).join('/'))
      if (specifier === undefined || !this.#packages.has(specifier)) continue
      const found = await this.#packages.find(specifier)
      if (found !== undefined) return { ...found, shown: specifier.name, exportPath: parts.slice(length) }
    }
    throw notFound(reference, this.#lookedFor(parts.slice(0, -1).join('/')))
  }

  /** Like {@link below}, but a missing module is an error. */
  async expected(reference: string, path: string): Promise<ModuleFile> {
    const found = await this.below(reference, path)
    if (found === undefined) throw notFound(reference, this.#lookedFor(path))
    return found
  }

  /** A module below an import path, by its real path; undefined when there is none. @throws RqError. */
  async below(reference: string, path: string): Promise<ModuleFile | undefined> {
    const problem = referenceProblem(path.split('/'))
    if (problem !== undefined) throw notAllowed(reference, problem)
    const roots = await realRoots(this.#importPaths)
    const found = await findModuleFile(roots, path, preferredLanguage())
    if (found === undefined) return undefined
    if (roots.some((root) => isWithin(root, found.file))) return found
    throw notAllowed(reference, `${found.path} is a link that leads out of the import paths, or to a hidden folder`)
  }

  #lookedFor(path: string): string {
    return `there is no module ./${path} (.js .mjs .cjs .ts .mts .cts, or index in a folder) in the import paths (${this.#importPaths.join(', ')}), nor in their dist, build, out and src`
  }
}

/**
 * A file in `node_modules` or in a hidden folder below a root does not count, even through a link: packages have a rule
 * of their own.
 */
function isWithin(root: string, file: string): boolean {
  const path = pathBelow(root, file)
  return path !== undefined && !isInstalled(path) && !isHidden(path.replace(KUBERNETES_FOLDERS, ''))
}
