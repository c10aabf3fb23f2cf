import { realpathSync } from 'node:fs'
import process from 'node:process'
import { isMainThread } from 'node:worker_threads'
import { commonJs } from './common-js.ts'

/**
 * The script that was started, which no reference may name, by RQ's rule for `__main__`. None in a worker thread: its
 * script is unknown.
 */
export function entryFiles(): string[] {
  const started = process.argv[1]
  if (started === undefined || !isMainThread) return []
  try {
    const file = commonJs().resolve(started)
    return [file, realpathSync(file)]
  } catch {
    return [started]
  }
}
