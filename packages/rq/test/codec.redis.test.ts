import { randomBytes } from 'node:crypto'
import { faultProxy, httpServer } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { aesCodec, type Codec, CronScheduler, Group, Job, Queue, Repeat, Retry, Webhook } from '../src/index.ts'
import { failed, onEnd, remembered, returned, unwritable } from './codec-functions.ts'
import { noted } from './functions.ts'
import { type RqFixture, rqFixture } from './rq-fixture.ts'

const SECRET = 'the-secret-of-ada'
const [k1, k2] = [randomBytes(32), randomBytes(32)]
const codec = aesCodec({ keys: { k1 }, active: 'k1' })
const FUNCTIONS = './packages/rq/test/codec-functions'

/** What the test's clients have sent and stored may hold the secret nowhere. */
async function expectSecret(at: RqFixture, sent: readonly string[] = []): Promise<void> {
  expect(JSON.stringify(await at.redis.dump())).not.toContain(SECRET)
  expect(sent.join('\n')).not.toContain(SECRET)
}

const field = (at: RqFixture, id: string, name: string) => at.redis.client.hget(at.key(`job:${id}`), name)

/** A codec whose answers come late, the first ones last. */
function slowCodec(): Codec {
  let waiting = 8
  const late = async (bytes: Uint8Array) => {
    for (let turns = waiting--; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
    return bytes.map((byte) => byte ^ 0xff)
  }
  return { name: 'slow', encode: late, decode: late }
}

describe('codec', () => {
  it('encodes all that jobs are given and give, from the call to the webhooks', async () => {
    await using at = await rqFixture()
    await using listener = await httpServer()
    const sent: string[] = []
    await using proxy = await faultProxy(at.redis.url, {
      onCommand: ({ args }) => {
        sent.push(...args)
        return undefined
      },
    })
    await using queue = new Queue('secret', { connection: proxy.url, prefix: at.redis.prefix, codec })
    const lines: unknown[] = []
    const log = (...line: unknown[]) => lines.push(line)
    const logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
    const work = () =>
      at.work(['secret'], { codec, logger, connection: proxy.url, exceptionHandlers: [`${FUNCTIONS}#onError`] })

    const callbacks = { onSuccess: onEnd, onFailure: onEnd, meta: { before: SECRET } }
    const webhooks = [
      new Webhook(listener.url, 'finished', { method: 'POST' }),
      new Webhook(listener.url, 'failed', { method: 'POST' }),
    ]
    const good = await queue.enqueue(remembered, [SECRET], { ...callbacks, webhooks })
    const seen = { args: [SECRET], before: SECRET, seen: `${SECRET} seen` }
    const waited = good.result()
    await work()
    expect(await waited).toEqual(seen)
    expect(noted.splice(0)).toEqual([[[SECRET], { before: SECRET, seen: `${SECRET} seen` }, seen]])

    const bad = await queue.enqueue(failed, [SECRET], { ...callbacks, webhooks, retry: new Retry({ max: 1 }) })
    await work()
    const error = { remoteStack: expect.stringContaining(`[cause]: Error: ${SECRET} caused it`) }
    await expect(bad.result()).rejects.toMatchObject({ code: 'RQ_JOB_FAILED', ...error })
    await expect(bad.result()).rejects.toThrow(`failed: RangeError: ${SECRET} failed`)
    const text = expect.stringContaining(`${SECRET} caused it`)
    const cause = expect.objectContaining({ message: `${SECRET} caused it` })
    const [called, handled] = [
      [[SECRET], { before: SECRET }, 'RangeError', `${SECRET} failed`, text],
      [[SECRET], 'RangeError', `${SECRET} failed`, cause],
    ]
    expect(noted.splice(0)).toEqual([called, handled, called, handled])

    const odd = await queue.enqueue(unwritable, [SECRET])
    await work()
    await expect(odd.result()).rejects.toThrow('Cannot store the return value of')

    const [one, two] = listener.heard.map(({ body }) => JSON.parse(body))
    expect(one).toMatchObject({ status: 'finished', func_name: null })
    expect(two.exc_info).toMatch(/^rq-codec:aes:\S+\nRangeError: encoded with the codec "aes"$/)
    expect(JSON.stringify(listener.heard)).not.toContain(SECRET)
    expect(JSON.stringify(lines)).not.toContain(SECRET)
    expect(JSON.stringify(lines)).toContain(`secret: ${FUNCTIONS}#failed(...) (${bad.id})`)
    expect(JSON.stringify(lines)).toContain('RangeError: encoded with the codec \\"aes\\"')
    expect(sent.length).toBeGreaterThan(50)
    await expectSecret(at, sent)
  })

  it('is needed to read what it wrote; all else can be read without it', async () => {
    await using at = await rqFixture()
    const queue = at.open('secret', { codec })
    const job = await queue.enqueue(returned, [SECRET], { meta: { note: SECRET } })
    const bad = await queue.enqueue(failed, [SECRET])
    await at.work(['secret'], { codec })
    const plain = await Job.fetch(job.id, at.shared)
    const needs = /^Cannot read .* of the job: written with the codec "aes"\. Give the queue or worker that codec\.$/
    const refused = { code: 'RQ_DESERIALIZATION', message: expect.stringMatching(needs) }
    expect(() => plain.args).toThrow(expect.objectContaining(refused))
    expect(() => plain.funcName).toThrow(expect.objectContaining(refused))
    await expect(plain.returnValue()).rejects.toMatchObject(refused)
    expect(plain.meta).toEqual({ unserialized: expect.stringMatching(/^"rq-codec:aes:/) })
    expect([await plain.getStatus(), plain.origin]).toEqual(['finished', 'secret'])
    const [result] = await (await Job.fetch(bad.id, at.shared)).results()
    expect(result?.excString).toBe('RangeError: encoded with the codec "aes"')
    await expect(
      at
        .open('secret')
        .enqueue(returned, ['open'])
        .then((one) => one.args),
    ).resolves.toEqual(['open'])
    // A worker without the codec fails the job, and says what it needs.
    await queue.enqueue(returned, [SECRET], { jobId: 'lost' })
    await at.work(['secret'])
    const [lost] = await (await Job.fetch('lost', at.shared)).results()
    expect(lost?.excString).toContain('written with the codec "aes". Give the queue or worker that codec.')
    await expectSecret(at)
  })

  it('can be given to a running system: what was written without it is read as it is', async () => {
    await using at = await rqFixture()
    const before = at.open('default')
    const old = await before.enqueue(returned, ['open'], { meta: { note: 1 } })
    const fetched = await Job.fetch(old.id, { ...at.shared, codec })
    expect([fetched.args, fetched.meta]).toEqual([['open'], { note: 1 }])
    await at.work(['default'], { codec })
    expect(await fetched.returnValue()).toBe('open returned')
    await expect(old.returnValue()).rejects.toThrow('written with the codec "aes"')
  })

  it('reads with an old key and writes with the new one', async () => {
    await using at = await rqFixture()
    const rotated = aesCodec({ keys: { k1, k2 }, active: 'k2' })
    const job = await at.open('secret', { codec }).enqueue(returned, [SECRET])
    await at.work(['secret'], { codec: rotated })
    await expect((await Job.fetch(job.id, { ...at.shared, codec })).returnValue()).rejects.toThrow(
      `Cannot decode the return value of job ${job.id} with the codec "aes": it needs the key "k2"`,
    )
    const fetched = await Job.fetch(job.id, { ...at.shared, codec: rotated })
    expect([fetched.args, await fetched.returnValue()]).toEqual([[SECRET], `${SECRET} returned`])
  })

  it('refuses what was moved to another job or field', async () => {
    await using at = await rqFixture()
    const queue = at.open('secret', { codec })
    const [mine, yours] = [await queue.enqueue(returned, ['mine']), await queue.enqueue(returned, ['yours'])]
    const data = (await field(at, yours.id, 'data')) ?? ''
    await at.redis.client.hset(at.key(`job:${mine.id}`), { data, meta: `"${data}"` })
    const moved = await Job.fetch(mine.id, { ...at.shared, codec })
    expect(() => moved.args).toThrow(
      /^Cannot decode the function and arguments of job \S+ with the codec "aes": it was/,
    )
    expect(moved.meta).toEqual({ unserialized: `"${data}"` })
    await at.work(['secret'], { codec })
    await expect(mine.result()).rejects.toThrow('it belongs to another job or field')
  })

  it('works with lists, groups, dependents, copies, repeats, streams and plain saves', async () => {
    await using at = await rqFixture()
    const queue = at.open('secret', { codec, results: 'stream' })
    const group = Group.create({ ...at.shared, codec, name: 'g' })
    const datas = ['one', 'two'].map((name) => Queue.prepareData(returned, [`${SECRET} ${name}`], { jobId: name }))
    const many = await group.enqueueMany(queue, datas)
    expect(many.map((job) => job.args)).toEqual([[`${SECRET} one`], [`${SECRET} two`]])
    expect((await group.getJobs()).map((job) => job.args).sort()).toEqual([[`${SECRET} one`], [`${SECRET} two`]])
    await queue.enqueue(returned, [SECRET], { jobId: 'after', dependsOn: ['one', 'two'] })
    await expect(queue.enqueue(returned, [''], { jobId: 'after', unique: true })).rejects.toThrow('already exists')
    const made = await queue.createJob(remembered, [SECRET], { jobId: 'made', repeat: new Repeat({ times: 1 }) })
    made.meta.before = SECRET
    await made.save()
    made.meta.before = `${SECRET} again`
    await queue.enqueueJob(made)
    expect((await queue.getJobs()).map(({ id }) => id)).toEqual(['one', 'two', 'made'])
    await at.work(['secret'], { codec })

    const handles = await Job.fetchMany(['one', 'none', 'two', 'after', 'made'], { ...at.shared, codec })
    const values = await Promise.all(handles.map(async (job) => job && (await job.returnValue())))
    const seen = { args: [SECRET], before: `${SECRET} again`, seen: `${SECRET} seen` }
    const ended = ['one', 'two', 'none'].map((name) => `${SECRET} ${name} returned`)
    expect(values).toEqual([ended[0], null, ended[1], `${SECRET} returned`, seen])
    const results = (await handles[4]?.results()) ?? []
    expect(results.map(({ returnValue }) => returnValue)).toEqual([seen, seen])
    expect(await field(at, 'one', 'result')).toBeNull()

    const pipeline = at.redis.client.multi()
    const piped = await queue.enqueue(returned, [SECRET], { pipeline })
    await pipeline.exec()
    expect([piped.args, (await queue.fetchJob(piped.id))?.args]).toEqual([[SECRET], [SECRET]])

    const again = await queue.fetchJob('one')
    if (again === null) throw new Error('no job')
    again.meta.note = SECRET
    await again.save()
    await again.refresh()
    expect(again.meta).toEqual({ note: SECRET })
    again.meta.note = `${SECRET} 2`
    await Promise.all([again.saveMeta(), again.save()])
    expect(await again.getMeta()).toEqual({ note: `${SECRET} 2` })
    await queue.enqueueJob(again)
    await at.work(['secret'], { codec })
    expect(await again.returnValue()).toBe(`${SECRET} one returned`)
    await expectSecret(at)
  })

  it('may be async: jobs and saves keep their order', async () => {
    await using at = await rqFixture()
    const queue = at.open('slow', { codec: slowCodec() })
    const jobs = await Promise.all([1, 2, 3].map((n) => queue.enqueue(returned, [String(n)])))
    expect(await queue.getJobIds()).toEqual(jobs.map(({ id }) => id))
    const [first] = jobs
    if (first === undefined) throw new Error('no job')
    const saves = [1, 2, 3].map((n) => {
      first.meta.n = n
      return first.saveMeta()
    })
    await Promise.all(saves)
    expect(await first.getMeta()).toEqual({ n: 3 })
    await at.work(['slow'], { codec: slowCodec() })
    expect(await Promise.all(jobs.map((job) => job.result()))).toEqual(['1 returned', '2 returned', '3 returned'])
  })

  it('loses nothing when it fails: no job is enqueued, an ended job says so', async () => {
    await using at = await rqFixture()
    const broken = (fields: readonly string[]): Codec => ({
      name: 'own',
      encode: (bytes, place) => {
        if (fields.includes(place.field)) throw new Error('no key service')
        return bytes
      },
      decode: (bytes) => bytes,
    })
    const enqueue = at.open('own', { codec: broken(['data']) }).enqueue(returned, [''], { jobId: 'a' })
    await expect(enqueue).rejects.toMatchObject({
      code: 'RQ_SERIALIZATION',
      message: 'Cannot encode the function and arguments of job a with the codec "own": no key service',
    })
    expect(await at.redis.keys()).toEqual([])
    const queue = at.open('own', { codec: broken([]) })
    const [good, bad] = [await queue.enqueue(returned, [SECRET]), await queue.enqueue(failed, [SECRET])]
    await at.work(['own'], { codec: broken(['result', 'error']) })
    await expect(good.result()).rejects.toThrow('RqError: left out, since the codec "own" could not encode it')
    await expect(bad.result()).rejects.toThrow('RangeError: left out, since the codec "own" could not encode it')
  })

  it('runs where jobs run in the process that enqueues them', async () => {
    await using at = await rqFixture()
    const queue = at.open('here', { codec, isAsync: false })
    const job = await queue.enqueue(remembered, [SECRET], { meta: { before: 1 } })
    expect(await job.result()).toEqual({ args: [SECRET], before: 1, seen: `${SECRET} seen` })
    const [one] = await queue.enqueueMany([Queue.prepareData(returned, [SECRET])])
    expect([one.args, await one.result()]).toEqual([[SECRET], `${SECRET} returned`])
    await expectSecret(at)
  })

  it('encodes each job of a cron entry for its own id, and keeps the list of entries free of arguments', async () => {
    await using at = await rqFixture()
    const scheduler = new CronScheduler({ ...at.where, codec })
    const entry = scheduler.register(returned, {
      queueName: 'secret',
      interval: 3600,
      args: [SECRET],
      meta: { note: SECRET },
    })
    try {
      await scheduler.start()
      const jobs = [await entry.runNow(), await entry.runNow()]
      expect(jobs.map((job) => [job.args, job.meta])).toEqual([1, 2].map(() => [[SECRET], { note: SECRET }]))
      expect(jobs[0]?.description).toBe(`${FUNCTIONS}#returned(...)`)
      await at.work(['secret'], { codec })
      for (const job of jobs) expect(await job.returnValue()).toBe(`${SECRET} returned`)
      const [listed] = await CronScheduler.all(at.shared)
      expect(JSON.stringify(listed)).not.toContain(SECRET)
      await expectSecret(at)
    } finally {
      await scheduler.stop()
    }
  })

  it('is checked at once', async () => {
    const wrong = { codec: { name: 'A B' } as never }
    const refused = expect.objectContaining({ code: 'RQ_INVALID_OPTION', details: { option: 'codec' } })
    expect(() => new Queue('secret', wrong)).toThrow(refused)
    await expect(Job.fetch('x', wrong)).rejects.toThrow(refused)
    expect(() => new CronScheduler(wrong)).toThrow(refused)
  })
})
