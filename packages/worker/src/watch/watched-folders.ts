import { sep } from 'node:path'
import { packageFolder } from '@rq/functions'

/** Where modules of jobs may be that change: in import paths, and in allowed packages that are linked. */
export async function watchedFolders(importPaths: readonly string[], allow: readonly string[]): Promise<string[]> {
  const folders = new Set(importPaths)
  for (const name of allow) {
    for (const path of importPaths) {
      const folder = await packageFolder(path, name)
      if (folder !== undefined && !folder.split(sep).includes('node_modules')) folders.add(folder)
    }
  }
  return [...folders].filter((folder) => ![...folders].some((other) => folder.startsWith(other + sep)))
}
