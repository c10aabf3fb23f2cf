import { randomBytes } from 'node:crypto'
import { eventually, makeProject } from '@rq/testkit'
import { expect, it } from 'vitest'
import { aesCodec, type HorseKind, type Job, type Message, Worker, type WorkerOptions } from '../src/index.ts'
import { type RqFixture, rqFixture } from './rq-fixture.ts'

const JOBS = `
import { getCurrentJob } from 'rq'

export const count = async (to) => {
  for (let n = 1; n <= to; n++) await getCurrentJob().send({ n, at: new Date(n) })
  return to
}

// The last messages of a job that does not wait for them.
export const countUnawaited = (to) => {
  for (let n = 1; n <= to; n++) void getCurrentJob().send(n)
  return to
}

export const echo = async () => {
  const job = getCurrentJob()
  await job.send('ready')
  for await (const { value } of job.messages()) {
    if (value === 'end') return 'ended'
    await job.send(['echo', value])
  }
}

export const sayAndFail = async (ready) => {
  await getCurrentJob().send('attempt ' + getCurrentJob().attempt)
  if (!getCurrentJob().isLastAttempt) throw new Error('once more')
}

export const sayAndDie = async () => {
  await getCurrentJob().send('attempt ' + getCurrentJob().attempt)
  if (!getCurrentJob().isLastAttempt) process.kill(process.pid, 'SIGKILL')
}

export const listenOnly = async () => {
  const job = getCurrentJob()
  await job.send('listening')
  try {
    for await (const message of job.messages()) await job.send(message.value)
  } finally {
    await job.send('aborted: ' + job.signal.reason?.message)
  }
}
`

/** Run a worker on the default queue until `use` has ended. */
async function withWorker(at: RqFixture, dir: string, options: WorkerOptions, use: () => Promise<void>): Promise<void> {
  const worker = new Worker('default', { ...at.where, importPaths: [dir], concurrency: 2, ...options })
  const work = worker.work()
  try {
    await use()
  } finally {
    await worker.stop({ force: true })
    await work
  }
}

async function valuesOf(job: Job): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const { value } of job.messages()) values.push(value)
  return values
}

const horses: HorseKind[] = ['process', 'thread', 'inline']

it.each(horses)('a %s sends messages, which are read in their order, and reads what is posted', async (horse) => {
  await using at = await rqFixture()
  await using project = await makeProject({ 'jobs.mjs': JOBS }, { packages: ['rq'] })
  await withWorker(at, project.dir, { horse }, async () => {
    const counting = await at.queue.enqueue('jobs.count', [3])
    const seen: Message[] = []
    for await (const message of counting.messages()) seen.push(message)
    expect(seen.map(({ attempt, value }) => [attempt, value])).toEqual(
      [1, 2, 3].map((n) => [1, { n, at: new Date(n) }]),
    )
    expect(await counting.result({ timeout: 60 })).toBe(3)

    const echoing = await at.queue.enqueue('jobs.echo')
    await echoing.post('early')
    const values: unknown[] = []
    for await (const { value } of echoing.messages()) {
      values.push(value)
      if (values.length === 2) await echoing.post('late')
      if (values.length === 3) await echoing.post('end')
    }
    expect(values).toEqual(['ready', ['echo', 'early'], ['echo', 'late']])
    expect(await echoing.result({ timeout: 60 })).toBe('ended')
  })
})

it.each(horses)('all that a job in a %s has sent is stored before its end is told', async (horse) => {
  await using at = await rqFixture()
  await using project = await makeProject({ 'jobs.mjs': JOBS }, { packages: ['rq'] })
  await withWorker(at, project.dir, { horse }, async () => {
    const job = await at.queue.enqueue('jobs.countUnawaited', [500])
    expect(await job.result({ timeout: 60 })).toBe(500)
    expect(await valuesOf(job)).toEqual(Array.from({ length: 500 }, (_, n) => n + 1))
    expect((await at.keys()).filter((key) => key.startsWith('posts:'))).toEqual([])
    const leftMs = await at.redis.client.pttl(at.key(`messages:${job.id}`))
    expect(leftMs).toBeGreaterThan(0)
    expect(leftMs).toBeLessThanOrEqual(60_000)
  })
})

it.each([
  ['fails', 'jobs.sayAndFail'],
  ['is killed', 'jobs.sayAndDie'],
])('messages of an attempt that %s are kept, and marked with it', async (_, func) => {
  await using at = await rqFixture()
  await using project = await makeProject({ 'jobs.mjs': JOBS }, { packages: ['rq'] })
  await withWorker(at, project.dir, {}, async () => {
    const job = await at.queue.enqueue(func, [], { retry: 1 })
    const seen: unknown[] = []
    for await (const { attempt, value } of job.messages()) seen.push([attempt, value])
    expect(seen).toEqual([
      [1, 'attempt 1'],
      [2, 'attempt 2'],
    ])
  })
})

/** A horse that the machine holds up is killed before its job can send its last words. */
const MOST_TRIES = 5

it.each(horses)('a job in a %s that is stopped with a reason finds the reason in its signal', async (horse) => {
  await using at = await rqFixture()
  await using project = await makeProject({ 'jobs.mjs': JOBS }, { packages: ['rq'] })
  await withWorker(at, project.dir, { horse }, async () => {
    const values: unknown[] = []
    for (let tries = 0; tries < MOST_TRIES && values.length < 2; tries++) {
      values.length = 0
      const job = await at.queue.enqueue('jobs.listenOnly')
      for await (const { value } of job.messages()) {
        values.push(value)
        if (value === 'listening') await job.stop({ reason: 'the user has left' })
      }
      expect(await job.getStatus()).toBe('stopped')
    }
    expect(values).toEqual(['listening', 'aborted: Job stopped by user: the user has left'])
  })
})

it('a codec encodes messages, which Redis does not show, in their order', async () => {
  await using at = await rqFixture()
  const key = randomBytes(32).toString('hex')
  const codecModule = `import { aesCodec } from 'rq'
export const codec = aesCodec({ keys: { k1: ${JSON.stringify(key)} }, active: 'k1' })`
  const files = { 'jobs.mjs': JOBS, 'codec.mjs': codecModule }
  await using project = await makeProject(files, { packages: ['rq'] })
  const queue = at.open('default', { codec: aesCodec({ keys: { k1: key }, active: 'k1' }) })
  await withWorker(at, project.dir, { codec: `${project.dir}/codec.mjs#codec` }, async () => {
    const job = await queue.enqueue('jobs.echo')
    await job.post('the secret of ada')
    await eventually(async () => (await at.redis.client.llen(at.key(`messages:${job.id}`))) === 2)
    const stored = await at.redis.client.lrange(at.key(`messages:${job.id}`), 0, -1)
    expect(stored.map((text) => text.split('\n')[1])).toEqual([
      expect.stringMatching(/^rq-codec:aes:/),
      expect.stringMatching(/^rq-codec:aes:/),
    ])
    await job.post('end')
    expect(await valuesOf(job)).toEqual(['ready', ['echo', 'the secret of ada']])
  })
})
