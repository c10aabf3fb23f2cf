import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { entryFiles } from './entry-files.ts'
import type { Home } from './exporting-modules.ts'
import { pathBelow, realRoots } from './module-file.ts'
import { pathReference } from './module-reference.ts'
import { packageAround, packageOfFile, packageSpecifierOf } from './package-module.ts'

/** A function's module by its name: `./jobs/email` or `@acme/jobs/email`. */
export interface NamedHome extends Home {
  readonly module: string
  readonly isPackage: boolean
}

/**
 * Gives modules their portable names. A package has a name of its own wherever a program is started, so it goes before
 * the path below an import path, which depends on that. The project of the import path itself is named by paths.
 */
export class ModuleNames {
  readonly importPaths: readonly string[]
  readonly #isDefault: boolean
  /** By the real paths of files. */
  readonly #packages = new Map<string, Promise<string | undefined>>()
  #realRoots: Promise<readonly string[]> | undefined

  /** `importPaths` are those of the workers. Default: the working directory. */
  constructor(importPaths: readonly string[] | undefined) {
    this.importPaths = importPaths ?? ['.']
    this.#isDefault = importPaths === undefined
  }

  /** The real folder of the package by whose name a file should be called; undefined when there is none. */
  async packageOf(path: string): Promise<string | undefined> {
    const file = await realpath(path).catch(() => path)
    const known = this.#packages.get(file) ?? this.#findPackage(file)
    this.#packages.set(file, known)
    return known
  }

  /** The best name for a function that several modules export; undefined when none of them has one. */
  async best(homes: readonly Home[]): Promise<NamedHome | undefined> {
    const named = (await Promise.all(homes.map((home) => this.#named(home)))).filter((home) => home !== undefined)
    const packages = named.filter((home) => home.isPackage)
    // The index of a package before its parts.
    return packages.sort((a, b) => a.module.length - b.module.length)[0] ?? named[0]
  }

  async #findPackage(file: string): Promise<string | undefined> {
    const roots = await this.#roots()
    const folder = await packageAround(file)
    if (folder === undefined || roots.some((root) => holds(folder, root))) return undefined
    return packageOfFile(file, this.#starts(roots))
  }

  #roots(): Promise<readonly string[]> {
    this.#realRoots ??= realRoots(this.importPaths)
    return this.#realRoots
  }

  async #named(home: Home): Promise<NamedHome | undefined> {
    const file = await realpath(home.file).catch(() => home.file)
    const roots = await this.#roots()
    const starts = this.#starts(roots)
    const preferred = (await this.packageOf(file)) === undefined ? undefined : await packageSpecifierOf(file, starts)
    if (preferred !== undefined) return { ...home, module: preferred, isPackage: true }
    const path = await pathReference(file, roots)
    if (path !== undefined) return { ...home, module: path, isPackage: false }
    const other = await packageSpecifierOf(file, starts)
    return other === undefined ? undefined : { ...home, module: other, isPackage: true }
  }

  /**
   * The folders from which packages are looked for. Where no import paths are given, the working directory says little,
   * and the started script knows the packages too.
   */
  #starts(roots: readonly string[]): readonly string[] {
    const [, started] = entryFiles()
    return this.#isDefault && started !== undefined ? [...roots, dirname(started)] : roots
  }
}

const holds = (folder: string, root: string): boolean => folder === root || pathBelow(folder, root) !== undefined
