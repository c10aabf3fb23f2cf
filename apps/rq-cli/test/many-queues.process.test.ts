import { readFile } from 'node:fs/promises'
import { eventually, makeProject, startRedis } from '@rq/testkit'
import { type Job, Queue } from 'rq'
import { expect, test } from 'vitest'
import { makeGate } from './gate.ts'
import { run, start } from './program.ts'

const NOTES_MODULE = `
import { appendFileSync, existsSync } from 'node:fs'
export const noted = async (queue, gate, log) => {
  appendFileSync(log, queue + ' begins\\n')
  while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 20))
  appendFileSync(log, queue + ' ends\\n')
}
`

/** How many jobs of this queue ran at the same time, by the notes that they took. */
function mostAtOnce(notes: readonly string[], queue: string): number {
  let [running, most] = [0, 0]
  for (const note of notes) {
    if (note === `${queue} begins`) running += 1
    if (note === `${queue} ends`) running -= 1
    most = Math.max(most, running)
  }
  return most
}

test('worker ingest=2 mail=1 runs so many jobs of each queue at once, and a burst ends when both are empty', async () => {
  await using project = await makeProject({ 'notes.mjs': NOTES_MODULE }, { packages: ['rq'] })
  await using redis = await startRedis()
  await using gate = await makeGate()
  const log = project.path('notes.txt')
  const options = { cwd: project.dir, env: { RQ_REDIS_URL: redis.url } }
  await using ingest = new Queue('ingest', { connection: redis.url })
  await using mail = new Queue('mail', { connection: redis.url })
  const jobs: Job[] = []
  for (const queue of [ingest, mail, ingest, mail, ingest, mail, ingest]) {
    jobs.push(await queue.enqueue('notes.noted', [queue.name, gate.file, log]))
  }
  await using worker = start(['worker', 'ingest=2', 'mail=1', '--burst'], options)
  const notes = async () => (await readFile(log, 'utf8')).trimEnd().split('\n')
  await eventually(async () => expect(await notes()).toHaveLength(3))
  await gate.open()
  expect(await worker.exited, worker.stderr).toMatchObject({ code: 0 })
  expect(await Promise.all(jobs.map((job) => job.getStatus()))).toEqual(jobs.map(() => 'finished'))
  const taken = await notes()
  expect([mostAtOnce(taken, 'ingest'), mostAtOnce(taken, 'mail')]).toEqual([2, 1])
})

test.each([
  [['ingest=many'], 'Invalid queue ingest=many: expected a name, or a name and its concurrency such as mail=5.'],
  [['ingest=2=3'], 'Invalid queue ingest=2=3: expected a name, or a name and its concurrency such as mail=5.'],
  [['ingest=-2'], 'Invalid queue ingest=-2: expected a name, or a name and its concurrency such as mail=5.'],
  [['mail=5', 'mail=2'], 'The queue mail is named twice.'],
  [['ingest=2', 'mail=0'], 'Invalid queues.mail.concurrency: got 0, expected'],
  [['=5'], 'Invalid queues: got "", expected'],
])('worker %j is refused', async (queues, message) => {
  // Nothing listens at this address: the queues are checked before a connection is made.
  const options = { env: { RQ_REDIS_URL: 'redis://127.0.0.1:1' } }
  const ended = await run(['worker', ...queues, '--burst'], options)
  expect(ended).toMatchObject({ code: 2, stdout: '' })
  expect(ended.stderr.startsWith(`Error: ${message}`), ended.stderr).toBe(true)
})
