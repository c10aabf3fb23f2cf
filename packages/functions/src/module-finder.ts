import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
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
/** How far above an import path another project of the same workspace is looked for. */
const MOST_LEVELS_UP = 5
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
    const found = await this.#packages.find(specifier)
    if (!this.#packages.has(specifier) && !(await this.#isBelow(found?.file))) {
      throw notAllowed(
        reference,
        `the package ${show(specifier.name)} is not allowed; start the worker with --allow ${specifier.name} (or allow: ['${specifier.name}']); a module below an import path is written ${show(`./${module}`)}`,
      )
    }
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
    if (found === undefined) throw notFound(reference, `${this.#lookedFor(path)}. ${await this.#sameFolder(path)}`)
    return found
  }

  /** A module below an import path, by its real path; undefined when there is none. @throws RqError. */
  async below(reference: string, path: string): Promise<ModuleFile | undefined> {
    const problem = referenceProblem(path.split('/'))
    if (problem !== undefined) throw notAllowed(reference, problem)
    const found = await findModuleFile(await realRoots(this.#importPaths), path, preferredLanguage())
    if (found === undefined) return undefined
    if (await this.#isBelow(found.file)) return found
    throw notAllowed(reference, `${found.path} is a link that leads out of the import paths, or to a hidden folder`)
  }

  /** Whether a module may be imported because of where it lies, whatever a reference calls it. */
  async #isBelow(file: string | undefined): Promise<boolean> {
    if (file === undefined) return false
    return (await realRoots(this.#importPaths)).some((root) => isWithin(root, file))
  }

  #lookedFor(path: string): string {
    return `there is no module ./${path} (.js .mjs .cjs .ts .mts .cts, or index in a folder) in the import paths (${this.#importPaths.join(', ')}), nor in their dist, build, out and src`
  }

  /** What to do when producer and worker name modules from different folders. */
  async #sameFolder(path: string): Promise<string> {
    const other = await this.#pathAbove(path)
    if (other === undefined) {
      return "A path begins at the producer's working directory or importPaths, and at --path of the worker: both must be the same folder"
    }
    return `There is one below ${other}, where its producer seems to run: start this worker with --path ${other}, or set the producer's importPaths to the folder of this worker`
  }

  /** The nearest project above an import path in which a module is found; undefined when there is none. */
  async #pathAbove(path: string): Promise<string | undefined> {
    for (const importPath of this.#importPaths) {
      for (let up = 1; up <= MOST_LEVELS_UP; up++) {
        const above = join(importPath, '../'.repeat(up))
        const [root] = await realRoots([join(above, 'package.json')])
        if (root === undefined) continue
        const found = await findModuleFile([dirname(root)], path, preferredLanguage())
        if (found !== undefined) return above.replace(/(?<=.)[\\/]$/, '')
      }
    }
    return undefined
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
