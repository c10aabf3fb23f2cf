import { randomBytes } from 'node:crypto'
import { makeProject } from '@rq/testkit'
import { expect, it } from 'vitest'
import { aesCodec, Worker } from '../src/index.ts'
import { rqFixture } from './rq-fixture.ts'

const SECRET = 'the-secret-of-ada'
const key = randomBytes(32).toString('hex')

const CODEC = `import { aesCodec } from 'rq'
export const codec = aesCodec({ keys: { k1: process.env.RQ_TEST_KEY }, active: 'k1' })
`

const JOBS = `
import { getCurrentJob } from 'rq'
export const run = (secret) => [secret, getCurrentJob().meta.note]
export const fail = (secret) => { throw new RangeError(secret) }
export const die = () => process.kill(process.pid, 'SIGKILL')
export const leave = (secret) => new Promise(() => setImmediate(() => { throw new RangeError(secret) }))
export const note = async (job, _connection, type) => {
  job.meta.saw = [job.args[0], type]
  await job.saveMeta()
}
`

it('work horses have the codec, their worker has not: neither its log nor Redis shows what jobs are given', async () => {
  await using at = await rqFixture()
  await using project = await makeProject({ 'jobs.mjs': JOBS, 'codec.mjs': CODEC }, { packages: ['rq'] })
  process.env.RQ_TEST_KEY = key
  const codec = aesCodec({ keys: { k1: key }, active: 'k1' })
  const [queue, threads] = [at.open('secret', { codec }), at.open('threads', { codec })]
  const good = await queue.enqueue('jobs.run', [SECRET], { meta: { note: SECRET } })
  const inThread = await threads.enqueue('jobs.run', [SECRET], { meta: { note: 1 } })
  const bad = await queue.enqueue('jobs.fail', [SECRET])
  const killed = await queue.enqueue('jobs.die', [SECRET], { onFailure: './jobs#note' })
  const killedInCallback = await queue.enqueue('jobs.fail', [SECRET], { onFailure: './jobs#die' })
  const uncaught = await queue.enqueue('jobs.leave', [SECRET])

  const lines: unknown[] = []
  const log = (...line: unknown[]) => lines.push(line)
  const logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
  const seen: unknown[] = []
  const exceptionHandlers = [(job: { id: string }, error: Error) => seen.push([job.id, error.name, error.message])]
  const options = { ...at.where, importPaths: [project.dir], logger, codec: `${project.dir}/codec.mjs#codec` }
  await new Worker('secret', { ...options, exceptionHandlers }).work({ burst: true })
  await new Worker('threads', { ...options, horse: 'thread' }).work({ burst: true })

  expect([await good.returnValue(), await inThread.returnValue()]).toEqual([
    [SECRET, SECRET],
    [SECRET, 1],
  ])
  expect((await bad.latestResult())?.excString).toMatch(new RegExp(`RangeError: ${SECRET}$`))
  expect(seen).toContainEqual([bad.id, 'RangeError', 'encoded with the codec "aes"'])
  expect((await killed.latestResult())?.excString).toMatch(/Work-horse terminated unexpectedly; signal SIGKILL$/)
  expect(await killed.getMeta()).toEqual({ saw: [SECRET, 'WorkHorseTerminatedError'] })
  const text = (await killedInCallback.latestResult())?.excString
  expect(text).toMatch(/^The work-horse ended during its failure callback \(signal SIGKILL\), after:\n/)
  expect(text).toMatch(new RegExp(`RangeError: ${SECRET}$`))
  expect((await uncaught.latestResult())?.excString).toMatch(/^RangeError\nWorkHorseTerminatedError: /)
  expect(JSON.stringify(lines)).toContain('RangeError: encoded with the codec')
  expect(JSON.stringify(lines)).not.toContain(SECRET)
  expect(JSON.stringify(await at.redis.dump())).not.toContain(SECRET)
})

it('a worker refuses at once what other processes cannot load', () => {
  const codec = aesCodec({ keys: { k1: key }, active: 'k1' })
  const refused = expect.objectContaining({ code: 'RQ_INVALID_OPTION', details: { option: 'codec' } })
  expect(() => new Worker('secret', { codec })).toThrow(refused)
  expect(() => new Worker('secret', { codec: 'aes' })).toThrow(refused)
})
