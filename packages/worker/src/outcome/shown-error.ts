import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The packages between a worker and a job's function. */
const PACKAGES = ['@rq/core', '@rq/functions', '@rq/queue', '@rq/worker'] as const
const FRAME = /^\s+at /
const OF_NODE = /\(node:|at node:/

/**
 * The stored text of an error as a log shows it: frames of rq are one line, and the summary with which the text begins
 * does not stand below the stack as well.
 */
export function shownError(text: string): string {
  const [summary = '', ...below] = text.trimEnd().split('\n')
  const lines = [summary, ...below.filter((line) => line !== summary)]
  const shown: string[] = []
  let run: string[] = []
  const endRun = () => {
    const own = run.filter(isOwn).length
    if (own === 0) shown.push(...run)
    else shown.push(`    ... ${run.length} ${run.length === 1 ? 'frame' : 'frames'} of rq and Node.js`)
    run = []
  }
  for (const line of lines) {
    if (FRAME.test(line) && (OF_NODE.test(line) || isOwn(line))) run.push(line)
    else {
      endRun()
      shown.push(line)
    }
  }
  endRun()
  return shown.join('\n')
}

let folders: readonly string[] | undefined

function isOwn(frame: string): boolean {
  folders ??= PACKAGES.flatMap(foldersOf)
  return folders.some((folder) => frame.includes(folder))
}

/** The folders with the code of a package, as stacks show them: as URLs, and as paths. */
function foldersOf(name: string): string[] {
  try {
    const root = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
    return ['dist', 'src'].flatMap((folder) => {
      const path = join(root, folder)
      return [`${pathToFileURL(path).href}/`, join(path, '/')]
    })
  } catch {
    // It is a part of a bundle.
    return []
  }
}
