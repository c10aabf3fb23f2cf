import { realRoots } from './module-file.ts'
import {
  findPackageModule,
  moduleOfPackage,
  type PackageModule,
  type PackageSpecifier,
  packageFolder,
  parsePackageSpecifier,
} from './package-module.ts'
import { packagesBelow } from './workspace-packages.ts'

/** The packages that may be imported, as modules at the import paths find them. */
export class AllowedPackages {
  readonly #allow: ReadonlySet<string>
  readonly #importPaths: readonly string[]
  #below: Promise<ReadonlyMap<string, string>> | undefined

  /** `allow`: `@acme/jobs` with all that it exports, or `@acme/jobs/email` alone. */
  constructor(allow: readonly string[], importPaths: readonly string[]) {
    this.#allow = new Set(allow)
    this.#importPaths = importPaths
  }

  has({ name, subpath }: PackageSpecifier): boolean {
    return this.#allow.has(name) || this.#allow.has(`${name}${subpath.slice(1)}`)
  }

  /**
   * The module of a specifier; undefined when none is found: of the package that a module at an import path would
   * import by that name, else of a package of that name below an import path.
   */
  async find(specifier: PackageSpecifier): Promise<PackageModule | undefined> {
    const roots = await realRoots(this.#importPaths)
    for (const root of roots) {
      const found = await findPackageModule(root, specifier)
      if (found !== undefined) return found
    }
    this.#below ??= packagesBelow(roots)
    const folder = (await this.#below).get(specifier.name)
    return folder === undefined ? undefined : moduleOfPackage(folder, specifier.subpath)
  }

  /** The real folders of the packages that are allowed with all that they export. */
  async folders(): Promise<string[]> {
    const roots = await realRoots(this.#importPaths)
    const names = [...this.#allow].filter((name) => parsePackageSpecifier(name)?.name === name)
    const found = await Promise.all(roots.flatMap((root) => names.map((name) => packageFolder(root, name))))
    return found.filter((folder) => folder !== undefined)
  }
}
