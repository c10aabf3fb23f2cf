import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { OUTPUT_FOLDERS } from './module-file.ts'
import { packageNameAt } from './package-module.ts'

/** Where workspaces have their packages: `packages/jobs`, `packages/group/jobs`. */
const DEEPEST = 3
/** An import path such as `/` has more folders than anyone wants to wait for. */
const MOST_FOLDERS = 2000

/**
 * The packages below some folders, by their names: the folders of the packages of a workspace whose import path is its
 * root, where they are not installed. The outermost wins, then the first by its path.
 */
export async function packagesBelow(roots: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const packages = new Map<string, string>()
  let folders: readonly string[] = roots
  let seen = 0
  for (let depth = 1; depth <= DEEPEST && seen < MOST_FOLDERS; depth++) {
    const below = (await Promise.all(folders.map(foldersIn))).flat().slice(0, MOST_FOLDERS - seen)
    const names = await Promise.all(below.map(packageNameAt))
    for (const [index, folder] of below.entries()) {
      const name = names[index]
      if (name !== undefined && !packages.has(name)) packages.set(name, folder)
    }
    folders = below
    seen += below.length
  }
  return packages
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !SKIPPED.has(entry.name))
    .map((entry) => join(folder, entry.name))
    .sort()
}

const SKIPPED: ReadonlySet<string> = new Set(['node_modules', 'src', ...OUTPUT_FOLDERS])
