import { makeProject, redisFixture } from '@rq/testkit'
import { Queue } from 'rq'
import { expect, test } from 'vitest'
import { run } from './program.ts'

const JOBS = `
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const throwSoon = (text) => setTimeout(() => { throw new Error(text) }, 20)
export const leaves = () => { throwSoon('of a leftover') }
export const waits = () => pause(200)
export const crashes = async () => { throwSoon('of its own'); await pause(60_000) }
export const survives = async () => {
  const heard = new Promise((resolve) => process.once('uncaughtException', (error) => resolve(error.message)))
  throwSoon('that is heard')
  return heard
}
`

/** Enqueue calls, run them in one worker, and return what it wrote to stderr. */
async function logOf(...names: string[]): Promise<{ stderr: string; results: unknown[] }> {
  await using redis = await redisFixture()
  await using project = await makeProject({ 'jobs.mjs': JOBS })
  await using queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
  const jobs = await queue.enqueueMany(names.map((name) => Queue.prepareData(`jobs.${name}`)))
  const args = ['--url', redis.url, '--prefix', redis.prefix, 'worker', '--burst']
  const { stderr } = await run(args, { cwd: project.dir })
  return { stderr, results: await Promise.all(jobs.map((job) => job.returnValue())) }
}

const times = (text: string, part: string): number => text.split(part).length - 1

test('an uncaught error that an ended job has left is logged once, with its stack', async () => {
  const { stderr } = await logOf('leaves', 'waits')
  expect(stderr).toMatch(
    /What job \S+ left behind has ended work-horse 1.*\n\| Error: of a leftover\n\| {5}at .*jobs\.mjs/,
  )
  expect(times(stderr, 'Error: of a leftover')).toBe(1)
})

test('an uncaught error of the job that runs is logged once, with its stack', async () => {
  const { stderr } = await logOf('crashes')
  expect(stderr).toMatch(/Job failed .*\n\| Error: of its own\n\| {5}at .*jobs\.mjs[\s\S]*\| WorkHorseTerminatedError/)
  expect(times(stderr, 'Error: of its own')).toBe(1)
})

test('an uncaught error that the program listens to ends nothing', async () => {
  const { results, stderr } = await logOf('survives')
  expect(results).toEqual(['that is heard'])
  expect(stderr).toContain('Job OK')
})
