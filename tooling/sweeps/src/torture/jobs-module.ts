import { makeProject, RUNS_MODULE, type TempDir } from '@rq/testkit'

const JOBS = `
import { begin } from './runs.js'
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

export function work(file, id) {
  begin(file, id).end()
}

export async function slow(file, id, ms) {
  const run = begin(file, id)
  const endMs = performance.now() + ms
  while (performance.now() < endMs) {
    await delay(50)
    run.beat()
  }
  run.end()
}

export function spin(file, id, ms) {
  const run = begin(file, id)
  for (const endMs = performance.now() + ms; performance.now() < endMs; );
  run.end()
}

export function failOnce(file, id) {
  const run = begin(file, id)
  try {
    writeFileSync(file + '.' + id, '', { flag: 'wx' })
  } catch {
    return run.end()
  }
  run.fail()
  throw new Error('not the first time')
}

export function exits(file, id, code) {
  begin(file, id)
  process.exit(code)
}

export async function crashes(file, id) {
  begin(file, id)
  process.kill(process.pid, 'SIGSEGV')
  await delay(60_000)
}

export async function hangs(file, id) {
  const run = begin(file, id)
  for (;;) {
    await delay(50)
    run.beat()
  }
}

export function succeeded(job) {
  begin(job.meta.file, job.id + '-success').end()
}
`

/** A folder with the jobs of a torture. */
export function tortureProject(): Promise<TempDir> {
  return makeProject({ 'runs.js': RUNS_MODULE, 'jobs.js': JOBS })
}
