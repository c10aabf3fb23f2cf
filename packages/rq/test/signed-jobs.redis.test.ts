import { inspect } from 'node:util'
import { deflateSync } from 'node:zlib'
import { httpServer } from '@rq/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aesCodec, CronScheduler, Group, Job, Queue, Repeat, Retry, SimpleWorker, Webhook } from '../src/index.ts'
import { add, failTimes, note, noted } from './functions.ts'
import { type RqFixture, rqFixture } from './rq-fixture.ts'

const OLD = Buffer.alloc(32, 'old').toString('base64')
const NEW = Buffer.alloc(32, 'new')
const SIGN = { sign: { keys: { old: OLD, new: NEW }, active: 'new' } }
const REQUIRED = { requireSignature: { keys: { old: OLD, new: NEW } } }

type Fields = Record<string, string | Buffer>

/** Change the stored fields of a job: undefined removes one. */
async function change(at: RqFixture, id: string, fields: Readonly<Record<string, string | Buffer | undefined>>) {
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) await at.redis.client.hdel(at.key(`job:${id}`), name)
    else await at.redis.client.hset(at.key(`job:${id}`), { [name]: value })
  }
}

const stored = (at: RqFixture, id: string): Promise<Fields> => at.redis.client.hgetall(at.key(`job:${id}`))

/** Run all jobs with a worker that requires a signature. Returns the texts that its exception handler got. */
async function workStrictly(at: RqFixture, options: ConstructorParameters<typeof SimpleWorker>[1] = REQUIRED) {
  const heard: string[] = []
  const worker = new SimpleWorker(['default', 'other'], {
    ...at.where,
    leaseMs: 5000,
    webhooks: { allow: ['127.0.0.1'] },
    exceptionHandlers: [(_, error) => void heard.push(error.message)],
    ...options,
  })
  await worker.work({ burst: true })
  return heard
}

describe('a signed job', () => {
  it('runs, with its callbacks and webhooks, and its hash holds one more field than that of a plain job', async () => {
    await using at = await rqFixture()
    await using server = await httpServer()
    const queue = at.open('default', SIGN)
    const plain = await at.open('other').enqueue(add, [1, 2])
    const signed = await queue.enqueue(add, [1, 2])
    const names = Object.keys(await stored(at, plain.id))
    expect(names).toHaveLength(8)
    expect(Object.keys(await stored(at, signed.id)).sort()).toEqual([...names, 'signature'].sort())
    expect((await stored(at, signed.id)).signature).toMatch(/^v1:new:[A-Za-z0-9+/]{43}=$/)
    await at.open('other').empty()

    const webhooks = [new Webhook(server.url, 'finished', { headers: { b: '1', a: '2' }, method: 'POST' })]
    const full = await queue.enqueue(note, ['function'], { onSuccess: note, webhooks, meta: { a: 1 } })
    expect(await workStrictly(at)).toEqual([])
    expect(await signed.result()).toBe(3)
    expect(await full.result()).toBe('function')
    expect(noted).toHaveLength(2)
    expect(server.heard).toHaveLength(1)
  })

  it('runs whatever put it into its queue', async () => {
    await using at = await rqFixture()
    const queue = at.open('default', SIGN)
    const other = at.open('other', SIGN)
    const [first, second] = await queue.enqueueMany([
      Queue.prepareData(note, ['first']),
      Queue.prepareData(note, ['second']),
    ])
    await queue.enqueue(note, ['dependent'], { dependsOn: [first, second] })
    await queue.enqueue(failTimes, [1, 'retried'], { retry: new Retry({ max: 1 }) })
    await queue.enqueue(note, ['repeated'], { repeat: new Repeat({ times: 1 }) })
    await queue.enqueueIn(1, note, ['scheduled'])
    await Group.create({ ...at.shared, name: 'g', ...SIGN }).enqueueMany('default', [
      Queue.prepareData(note, ['of a group']),
    ])
    const moved = await queue.createJob(note, ['moved'])
    await other.enqueueJob(moved)
    const created = await Job.create(note, ['created'], { ...at.shared, ...SIGN })
    await created.save()
    await queue.enqueueJob(created)
    const saved = await queue.enqueue(note, ['saved'])
    saved.description = 'changed'
    saved.meta = { changed: true }
    saved.timeout = 5
    await saved.save()
    const cron = new CronScheduler({ ...at.where, ...SIGN })
    await cron.register(note, { queueName: 'default', args: ['ticked'], interval: 60 }).runNow()
    await cron.runOnce()
    await cron.stop()

    const heard: string[] = []
    const worker = new SimpleWorker(['default', 'other'], {
      ...at.where,
      ...REQUIRED,
      exceptionHandlers: [(_, error) => void heard.push(error.message)],
    })
    await worker.work({ burst: true, withScheduler: true })
    await at.redis.client.zadd(at.key('scheduled:default'), 1, (await queue.scheduledJobRegistry.getJobIds())[0] ?? '')
    await worker.work({ burst: true, withScheduler: true })
    expect(heard).toEqual(['run 1'])
    expect(noted.map(String).sort()).toEqual(
      [
        ...['first', 'second', 'dependent', 'repeated', 'repeated', 'retried', 'retried', 'scheduled'],
        ...['of a group', 'moved', 'created', 'saved', 'ticked', 'ticked'],
      ].sort(),
    )
  })

  it('may be encoded as well: what is signed is what is stored', async () => {
    await using at = await rqFixture()
    const codec = aesCodec({ keys: { k: NEW }, active: 'k' })
    const queue = at.open('default', { ...SIGN, codec })
    await queue.enqueue(note, ['enqueued'])
    await queue.enqueueMany([Queue.prepareData(note, ['one of many'])])
    await queue.enqueueJob(await queue.createJob(note, ['created']))
    const cron = new CronScheduler({ ...at.where, ...SIGN, codec })
    await cron.register(note, { queueName: 'default', args: ['ticked'], interval: 60 }).runNow()
    await cron.stop()
    expect(await workStrictly(at, { ...REQUIRED, codec })).toEqual([])
    expect(noted).toEqual(['enqueued', 'one of many', 'created', 'ticked'])
  })
})

/** A job's fields after a change; `other` is another signed job of the same queue. */
type Tampering = (fields: Fields, other: Fields) => Readonly<Record<string, string | Buffer | undefined>>

const HOOK = { url: 'http://127.0.0.1:1', job_status: 'failed', method: 'GET', headers: null, timeout: 1 }
const otherDigit = (end: string) => (end === '9Z' ? '8Z' : '9Z')
const withoutLast = (text: unknown) => String(text).slice(0, -1)

const TAMPERINGS: Readonly<Record<string, Tampering>> = {
  'another call': ({ data }) => ({ data: String(data).replace('one', 'two') }),
  'another function': ({ data }) => ({ data: String(data).replace('#note', '#divByZero') }),
  'no call': () => ({ data: '' }),
  'bytes that look like zlib': ({ data }) => ({ data: `x${data}` }),
  'another creation': ({ created_at }) => ({ created_at: String(created_at).replace(/\dZ$/, otherDigit) }),
  'no creation': () => ({ created_at: undefined }),
  'another callback': () => ({ failure_callback_name: './packages/rq/test/functions#echo' }),
  'a callback that is gone': () => ({ failure_callback_name: undefined }),
  'a new success callback': () => ({ success_callback_name: './packages/rq/test/functions#note' }),
  'a new stopped callback': () => ({ stopped_callback_name: './packages/rq/test/functions#note' }),
  'a callback that became another one': ({ failure_callback_name }) => ({
    failure_callback_name: undefined,
    success_callback_name: failure_callback_name,
  }),
  'a webhook more': ({ webhooks }) => ({ webhooks: JSON.stringify([...JSON.parse(String(webhooks)), HOOK]) }),
  'a webhook for another end': ({ webhooks }) => ({ webhooks: String(webhooks).replace('failed', 'finished') }),
  'another header': ({ webhooks }) => ({ webhooks: String(webhooks).replace('"k":"v"', '"k":"w"') }),
  'no webhook': () => ({ webhooks: undefined }),
  'no signature': () => ({ signature: undefined }),
  'an empty signature': () => ({ signature: '' }),
  'the signature of another job': (_, { signature }) => ({ signature }),
  'the call and signature of another job': (_, { data, signature }) => ({ data, signature }),
  'another version': ({ signature }) => ({ signature: String(signature).replace('v1', 'v2') }),
  'another key': ({ signature }) => ({ signature: String(signature).replace('new', 'old') }),
  'an unknown key': ({ signature }) => ({ signature: String(signature).replace('new', 'constructor') }),
  'a shorter hash': ({ signature }) => ({ signature: withoutLast(signature) }),
  'a longer hash': ({ signature }) => ({ signature: `${signature}=` }),
  'a hash in another case': ({ signature }) => ({ signature: String(signature).toLowerCase() }),
}

/** What a program may change without the key: it says how the job is treated, not what it calls. */
const LEFT_ALONE: Readonly<Record<string, Tampering>> = {
  nothing: () => ({}),
  'compressed by Python': ({ data }) => ({ data: deflateSync(String(data)) }),
  'webhooks as Python writes them': ({ webhooks }) => {
    const [{ headers, job_status, method, timeout, url }] = JSON.parse(String(webhooks))
    return { webhooks: JSON.stringify([{ timeout, headers, method, url, job_status }], null, 1) }
  },
  'a description': () => ({ description: 'other' }),
  'a timeout': () => ({ timeout: '7' }),
  meta: () => ({ meta: '{"a":1}' }),
}

describe('limits.inflated', () => {
  it.each([
    ['a signature', {}],
    ['a signature and a codec', { codec: aesCodec({ keys: { k: NEW }, active: 'k' }) }],
  ])('holds where a worker looks for %s in what Python has compressed', async (_, more) => {
    await using at = await rqFixture()
    noted.length = 0
    const job = await at.open('default', { ...SIGN, ...more }).enqueue(note, ['one'])
    const { data } = await stored(at, job.id)
    await change(at, job.id, { data: deflateSync(String(data)) })
    const heard = await workStrictly(at, { ...REQUIRED, ...more, limits: { inflated: 20 } })
    expect(heard).toEqual([
      expect.stringMatching(/^Too large: the function and arguments .* more than the limit of 20\./),
    ])
    expect(noted).toEqual([])
  })
})

describe('requireSignature', () => {
  let at: RqFixture
  let server: Awaited<ReturnType<typeof httpServer>>

  beforeEach(async () => {
    at = await rqFixture()
    server = await httpServer()
  })

  afterEach(async () => {
    await server[Symbol.asyncDispose]()
    await at[Symbol.asyncDispose]()
  })

  /** Enqueue a job with everything that is signed, change it, and work. */
  async function tamper(tampering: Tampering) {
    noted.length = 0
    server.heard.length = 0
    const queue = at.open('default', SIGN)
    const webhooks = [new Webhook(server.url, 'failed', { headers: { k: 'v', a: 'b' } })]
    const other = await queue.enqueue(note, ['other'])
    const job = await queue.enqueue(note, ['one'], { onFailure: note, webhooks, retry: new Retry({ max: 2 }) })
    await change(at, job.id, tampering(await stored(at, job.id), await stored(at, other.id)))
    const heard = await workStrictly(at)
    const fetched = await Job.fetch(job.id, at.shared)
    const error = (await fetched.latestResult())?.excString
    const notes = noted.filter((what) => what !== 'other')
    await Promise.all([fetched.delete(), other.delete()])
    return { status: fetched.toRecord().status, error, heard, notes }
  }

  it.each(Object.entries(TAMPERINGS))('refuses a job with %s', async (_, tampering) => {
    const { error, heard, notes, status } = await tamper(tampering)
    expect(status).toBe('failed')
    expect(error).toMatch(/^RqError \[RQ_SIGNATURE\]: Refused job .*\. Nothing of it was run\. .*$/)
    expect(heard).toEqual([expect.stringMatching(/^Refused job /)])
    expect(notes).toEqual([])
    expect(server.heard).toEqual([])
  })

  it.each(Object.entries(LEFT_ALONE))('runs a job after a change of %s', async (_, tampering) => {
    const { heard, notes, status } = await tamper(tampering)
    expect([status, heard, notes]).toEqual(['finished', [], ['one']])
  })

  it('refuses the id of a signed job in another queue', async () => {
    const { id } = await at.open('default', SIGN).enqueue(note, ['moved'])
    await at.redis.client.rpoplpush(at.key('queue:default'), at.key('queue:other'))
    expect(await workStrictly(at)).toEqual([
      expect.stringContaining('it was changed, or belongs to another job or queue'),
    ])
    expect(noted).not.toContain('moved')
    await (await Job.fetch(id, at.shared)).delete()
  })

  it('calls no callback and no webhook of a forged job whose worker seems to be lost', async () => {
    noted.length = 0
    const webhooks = [new Webhook(server.url, 'failed')]
    const { id } = await at.open('default').enqueue(note, ['forged'], { onFailure: note, webhooks })
    await at.redis.client.lpop(at.key('queue:default'))
    await change(at, id, { status: 'started', execution_id: 'x', worker_name: 'w' })
    await at.redis.client.zadd(at.key('wip:default'), 1, `${id}:x`)
    expect(await workStrictly(at)).toEqual([expect.stringContaining('AbandonedJobError')])
    expect([noted, server.heard]).toEqual([[], []])
    await (await Job.fetch(id, at.shared)).delete()
  })

  it('calls the webhook of a signed job whose worker was lost', async () => {
    server.heard.length = 0
    const webhooks = [new Webhook(server.url, 'failed')]
    const { id } = await at.open('default', SIGN).enqueue(note, ['lost'], { webhooks })
    await at.redis.client.lpop(at.key('queue:default'))
    await change(at, id, { status: 'started', execution_id: 'x', worker_name: 'w' })
    await at.redis.client.zadd(at.key('wip:default'), 1, `${id}:x`)
    await workStrictly(at, REQUIRED)
    expect(server.heard).toHaveLength(1)
    await (await Job.fetch(id, at.shared)).delete()
  })

  it('accepts the key of before while it is known, and then no more', async () => {
    noted.length = 0
    const before = at.open('default', { sign: { keys: { old: OLD }, active: 'old' } })
    await before.enqueue(note, ['in time'])
    expect(await workStrictly(at)).toEqual([])
    const late = await before.enqueue(note, ['late'])
    const heard = await workStrictly(at, { requireSignature: { keys: { new: NEW } } })
    expect(heard).toEqual([expect.stringContaining('signed with the key "old", which is not known here')])
    expect(noted).toEqual(['in time'])
    await late.delete()
  })

  it('is no reason to refuse what a signing queue did not write: it must not sign what others wrote', async () => {
    const signing = at.open('default', SIGN)
    const { id } = await at.open('default').enqueue(note, ['unsigned'])
    const foreign = await Job.fetch(id, at.shared)
    await expect(signing.enqueueJob(foreign)).rejects.toMatchObject({ code: 'RQ_SIGNATURE' })
    const own = await signing.enqueue(note, ['signed'])
    await change(at, own.id, { data: (await stored(at, id)).data })
    await expect(signing.enqueueJob(await Job.fetch(own.id, at.shared))).rejects.toMatchObject({ code: 'RQ_SIGNATURE' })
    await signing.empty()
  })
})

describe('the option', () => {
  it.each([
    [{ keys: {}, active: 'a' }, 'sign.keys'],
    [{ keys: { a: 'c2hvcnQ=' }, active: 'a' }, 'sign.keys.a'],
    [{ keys: { a: Buffer.alloc(31, 'canary') }, active: 'a' }, 'sign.keys.a'],
    [{ keys: { a: 'no base64, but a canary that is very long indeed' }, active: 'a' }, 'sign.keys.a'],
    [{ keys: { 'a:b': NEW }, active: 'a:b' }, 'the id of a key'],
    [{ keys: { a: NEW }, active: 'b' }, 'sign.active'],
    [{ keys: { a: NEW }, activ: 'a' }, 'option name of sign'],
    ['canary', 'options of sign'],
  ])('sign refuses %o without showing a key', (sign, text) => {
    const error = failureOf(() => new Queue('q', { connection: 'redis://localhost:1', sign: sign as never }))
    expect(error).toMatchObject({ code: 'RQ_INVALID_OPTION', message: expect.stringContaining(text) })
    if (typeof sign === 'object') expect(String(error)).not.toContain('canary')
  })

  it('requireSignature refuses keys in the same way', () => {
    const requireSignature = { keys: { a: 'canary' } }
    const error = failureOf(() => new SimpleWorker('q', { connection: 'redis://localhost:1', requireSignature }))
    expect(error).toMatchObject({ code: 'RQ_INVALID_OPTION' })
    expect(String(error)).not.toContain('canary')
  })

  it('shows no key of a queue, worker, group or scheduler', () => {
    const connection = 'redis://localhost:1'
    const shown = inspect(
      [
        new Queue('q', { connection, ...SIGN }),
        new SimpleWorker('q', { connection, ...REQUIRED }),
        Group.create({ connection, ...SIGN }),
        new CronScheduler({ connection, ...SIGN }),
      ],
      { depth: 20, showHidden: true },
    )
    for (const key of [OLD, NEW.toString('base64'), NEW.toString('hex').replace(/..\B/g, '$& ')]) {
      expect(shown).not.toContain(key)
    }
  })
})

function failureOf(make: () => unknown): unknown {
  try {
    make()
  } catch (error) {
    return error
  }
  throw new Error('It was accepted.')
}
