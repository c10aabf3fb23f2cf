import { dirname, sep } from 'node:path'
import { packageFolder } from '@rq/functions'
import { jobsFile } from '../inside-horse/load-jobs.ts'

/**
 * Where modules of jobs may be that change: in import paths, beside the module of the option `jobs`, and in allowed
 * packages that are linked.
 */
export async function watchedFolders(
  importPaths: readonly string[],
  allow: readonly string[],
  jobs?: string | object,
): Promise<string[]> {
  const folders = new Set(importPaths)
  const file = typeof jobs === 'string' ? jobsFile(jobs) : undefined
  if (file !== undefined) folders.add(dirname(file))
  for (const name of allow) {
    for (const path of importPaths) {
      const folder = await packageFolder(path, name)
      if (folder !== undefined && !folder.split(sep).includes('node_modules')) folders.add(folder)
    }
  }
  return [...folders].filter((folder) => ![...folders].some((other) => folder.startsWith(other + sep)))
}
