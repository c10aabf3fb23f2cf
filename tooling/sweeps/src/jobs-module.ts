import { makeProject, RUNS_MODULE, type TempDir } from '@rq/testkit'

/**
 * The jobs of all sweeps. Each notes its runs in a file. Arguments: the file, and the name to note. Callbacks find both
 * in the meta of the job.
 */
const JOBS = `
import { begin, begins } from './runs.js'
import { getCurrentJob } from 'rq'
import { setTimeout as delay } from 'node:timers/promises'

export function work(file, name) {
  begin(file, name).end()
  return name
}

export async function slow(file, name, ms = 1300) {
  const run = begin(file, name)
  const endMs = performance.now() + ms
  while (performance.now() < endMs) {
    await delay(10)
    run.beat()
  }
  run.end()
}

export async function talks(file, name) {
  const run = begin(file, name)
  const job = getCurrentJob()
  await job.send('ready')
  for await (const { value } of job.messages()) {
    await job.send(value)
    break
  }
  run.end()
}

export function failOnce(file, name) {
  begin(file, name).end()
  if (begins(file, name) === 1) throw new Error('not the first time')
}

export function failAlways(file, name) {
  begin(file, name).end()
  throw new Error('never')
}

export const isTransient = ({ message }) => message === 'not the first time'

export function succeeded(job) {
  begin(job.meta.file, job.meta.name + '-success').end()
}

export function failed(job) {
  begin(job.meta.file, job.meta.name + '-failure').end()
}
`

/** A folder with the jobs. They note their runs in files that the caller names. */
export function jobsProject(): Promise<TempDir> {
  return makeProject({ 'runs.js': RUNS_MODULE, 'jobs.js': JOBS }, { packages: ['rq'] })
}
