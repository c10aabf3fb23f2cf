import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { invalidOption } from '@rq/core'
import { BUILD_FOLDERS, withoutBuildFolder } from './build-folder.ts'
import { findModuleFile, preferredLanguage, realRoots, referenceProblem, withoutExtension } from './module-file.ts'

/** The modules that may be run from the top. */
export class AllowedScripts {
  readonly #names: readonly string[]

  /**
   * `names` are modules or folders below an import path, as in references: `scripts/clean`, `scripts`; `.` is all of
   * them. A first folder `src`, `dist`, `build` or `out` may be left out.
   * @throws RqError `RQ_INVALID_OPTION` for a name that is no path below an import path.
   */
  constructor(names: readonly string[]) {
    this.#names = names.map(checkedName)
  }

  /** @throws RqError `RQ_INVALID_OPTION` when one of them does not exist below an import path. */
  async check(importPaths: readonly string[]): Promise<void> {
    const roots = await realRoots(importPaths)
    for (const name of this.#names) {
      const isThere = (await hasFolder(roots, name)) || (await findModuleFile(roots, name, preferredLanguage()))
      if (!isThere) throw invalidOption('scripts', name, `a module or folder below ${importPaths.join(', ')}`)
    }
  }

  /** Whether the module at a path below an import path may be run. */
  has(path: string): boolean {
    const forms = [withoutExtension(path), withoutExtension(withoutBuildFolder(path))]
    return this.#names.some(
      (name) => name === EVERY || forms.some((form) => form === name || form.startsWith(`${name}/`)),
    )
  }
}

const EVERY = ''

async function hasFolder(roots: readonly string[], name: string): Promise<boolean> {
  const folders = roots.flatMap((root) => ['', ...BUILD_FOLDERS].map((folder) => join(root, folder, name)))
  const found = await Promise.all(folders.map((folder) => stat(folder).catch(() => undefined)))
  return found.some((entry) => entry?.isDirectory())
}

function checkedName(name: string): string {
  if (name === '.' || name === './') return EVERY
  const path = name.replace(/^\.\//, '').replace(/\/$/, '')
  if (referenceProblem(path.split('/')) !== undefined) {
    throw invalidOption(
      'scripts',
      name,
      "a module or folder below an import path, such as 'scripts/clean' or 'scripts'",
    )
  }
  return withoutExtension(path)
}
