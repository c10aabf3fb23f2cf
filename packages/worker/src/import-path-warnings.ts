import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'

const OTHERS_WRITE = 0o002
const MOST_SHOWN = 3

/**
 * Sentences about import paths that let others choose what a worker runs; empty if all is well. `isUnprotected`: any
 * program on the network may write to the store.
 */
export async function importPathWarnings(importPaths: readonly string[], isUnprotected: boolean): Promise<string[]> {
  const warnings: string[] = []
  for (const path of importPaths) {
    if (isUnprotected && (await isProjectRoot(path))) {
      warnings.push(
        `Redis is on another host and has no password, and the import path ${path} is the root of a project: whoever reaches Redis may call any function that the project exports. Import from a folder of jobs (--path jobs, and importPaths: ['jobs'] of the queues), or set a password.`,
      )
    }
    const open = await writableByOthers(path)
    if (open.length === 0) continue
    const shown = open.slice(0, MOST_SHOWN).join(', ') + (open.length > MOST_SHOWN ? ', ...' : '')
    warnings.push(
      `Every user of this machine can write to ${shown}, from which this worker imports functions: what they write there can be run.`,
    )
  }
  return warnings
}

async function isProjectRoot(path: string): Promise<boolean> {
  const marks = ['package.json', 'node_modules'].map((name) => stat(join(path, name)).catch(() => undefined))
  return (await Promise.all(marks)).some((mark) => mark !== undefined)
}

/** The import path, or those folders directly below it, that every user may write to. Windows has no such mode. */
async function writableByOthers(path: string): Promise<string[]> {
  if (process.platform === 'win32') return []
  if (await mayOthersWrite(path)) return [path]
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  const folders = entries
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'))
    .map(({ name }) => join(path, name))
  const open = await Promise.all(folders.map(mayOthersWrite))
  return folders.filter((_, index) => open[index])
}

async function mayOthersWrite(path: string): Promise<boolean> {
  const mode = (await stat(path).catch(() => undefined))?.mode ?? 0
  return (mode & OTHERS_WRITE) !== 0
}
