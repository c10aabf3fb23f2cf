import { readFile } from 'node:fs/promises'

/** One run of a job, as the job logged it. Times are milliseconds of a clock that all processes of a machine share. */
export interface Run {
  readonly jobId: string
  readonly pid: number
  /** The parent of that process: for a job in a work horse, the worker. */
  readonly parentPid: number
  readonly beganMs: number
  /** Time of its last note: its end, if it has ended. */
  readonly lastMs: number
  readonly hasEnded: boolean
  /** Whether it noted that it was about to throw. */
  readonly threw: boolean
}

/**
 * Source of a module for the jobs of a `makeProject`: `'runs.js': RUNS_MODULE`. A job calls
 * `const run = begin(file, jobId)`, then `run.beat()` any number of times, and `run.end()` or `run.fail()` once. Each
 * appends one line with a single write, so that lines of several processes never mix, and a line written before a kill
 * is kept.
 */
export const RUNS_MODULE = `
import { appendFileSync, readFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'

export function begin(file, jobId) {
  const run = randomUUID()
  const note = (kind) => {
    const ms = Number(process.hrtime.bigint() / 1000n) / 1000
    appendFileSync(file, JSON.stringify({ kind, run, jobId, pid: process.pid, parentPid: process.ppid, ms }) + '\\n')
  }
  note('begin')
  return { beat: () => note('beat'), end: () => note('end'), fail: () => note('fail') }
}

/** How many runs of a job have begun. */
export function begins(file, jobId) {
  const notes = readFileSync(file, 'utf8').split('\\n').slice(0, -1).map((line) => JSON.parse(line))
  return notes.filter((note) => note.kind === 'begin' && note.jobId === jobId).length
}
`

interface Note {
  readonly kind: 'begin' | 'beat' | 'end' | 'fail'
  readonly run: string
  readonly jobId: string
  readonly pid: number
  readonly parentPid: number
  readonly ms: number
}

/** Read the runs in a file, in the order in which they began. Empty when there is no file. */
export async function readRuns(file: string): Promise<Run[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const runs = new Map<string, Run>()
  // What comes after the last end of a line is empty, or a line that is being written.
  for (const line of text.split('\n').slice(0, -1)) {
    const { kind, run, jobId, pid, parentPid, ms } = JSON.parse(line) as Note
    const known = runs.get(run) ?? { jobId, pid, parentPid, beganMs: ms, lastMs: ms, hasEnded: false, threw: false }
    const threw = known.threw || kind === 'fail'
    runs.set(run, { ...known, lastMs: ms, hasEnded: known.hasEnded || threw || kind === 'end', threw })
  }
  return [...runs.values()]
}

/** Count the runs of each job. */
export function runCounts(runs: readonly Run[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { jobId } of runs) counts.set(jobId, (counts.get(jobId) ?? 0) + 1)
  return counts
}

/**
 * Find pairs of runs of the same job that overlapped in time. A run without an end lasts until its last note, so there
 * are no false positives.
 */
export function overlaps(runs: readonly Run[]): [Run, Run][] {
  const found: [Run, Run][] = []
  for (const [index, later] of runs.entries()) {
    for (const earlier of runs.slice(0, index)) {
      if (earlier.jobId === later.jobId && later.beganMs <= earlier.lastMs && earlier.beganMs <= later.lastMs) {
        found.push([earlier, later])
      }
    }
  }
  return found
}
