import { createHmac } from 'node:crypto'
import { RedisStorage } from '@rq/redis'
import { eventually, httpServer } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { Job, Repeat, Retry, Webhook } from '../src/index.ts'
import { divByZero, nothing, retryLater, sayHello, untilStopped } from './functions.ts'
import { LOCAL_WEBHOOKS, rqFixture } from './rq-fixture.ts'

/** A logger that keeps its entries. */
function keeper() {
  const lines: string[] = []
  const log = (message: string, facts?: object) => lines.push(`${message} ${JSON.stringify(facts ?? {})}`)
  const logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
  return { lines, logger: logger as never }
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00$/

describe('Webhook', () => {
  it('refuses wrong URLs and options', () => {
    for (const url of ['', 'nowhere', 'ftp://host/', 'http://', 'file:///etc/passwd']) {
      expect(() => new Webhook(url, 'finished')).toThrow('webhook.url')
    }
    expect(() => new Webhook('http://host', 'queued' as never)).toThrow('webhook.jobStatus')
    expect(() => new Webhook('http://host', 'failed', { method: 'PUT' as never })).toThrow('webhook.method')
    expect(() => new Webhook('http://host', 'failed', { headers: { a: 1 } as never })).toThrow('webhook.headers')
    expect(() => new Webhook('http://host', 'failed', { timeout: 0 })).toThrow('webhook.timeout')
    expect(new Webhook('http://host', 'failed')).toMatchObject({ method: 'GET', headers: {}, timeoutS: 10 })
  })

  it('is stored with the job', async () => {
    await using at = await rqFixture()
    const webhooks = [new Webhook('http://host/a', 'failed', { method: 'POST', headers: { k: 'v' }, timeout: '1m' })]
    const { id } = await at.queue.enqueue(nothing, [], { webhooks })
    const stored = JSON.parse((await at.redis.client.hget(at.key(`job:${id}`), 'webhooks')) ?? '')
    expect(stored).toEqual([
      { url: 'http://host/a', job_status: 'failed', method: 'POST', headers: { k: 'v' }, timeout: 60 },
    ])
    expect((await Job.fetch(id, at.shared)).toRecord().webhooks).toEqual(stored)
    await at.redis.client.hset(at.key(`job:${id}`), 'webhooks', '{broken')
    expect((await Job.fetch(id, at.shared)).toRecord().webhooks).toEqual([undefined])
    await at.queue.empty()
  })

  it('is called after a success with headers and no body, or with the facts as JSON', async () => {
    await using at = await rqFixture()
    await using server = await httpServer()
    const job = await at.queue.enqueue(sayHello, ['Ada'], {
      webhooks: [
        new Webhook(`${server.url}/get?q=1`, 'finished', { headers: { 'X-Key': 'secret' } }),
        new Webhook(`${server.url}/post`, 'finished', { method: 'POST' }),
        new Webhook(`${server.url}/failed`, 'failed'),
      ],
    })
    await at.work()
    const [get, post] = ['/get?q=1', '/post'].map((url) => server.heard.find((one) => one.url === url))
    expect(server.heard).toHaveLength(2)
    expect(get).toMatchObject({ method: 'GET', body: '', headers: { 'x-key': 'secret' } })
    expect(post).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } })
    expect(JSON.parse(post?.body ?? '')).toEqual({
      job_id: job.id,
      func_name: './packages/rq/test/functions#sayHello',
      status: 'finished',
      enqueued_at: expect.stringMatching(TIME),
      ended_at: expect.stringMatching(TIME),
    })
  })

  it('is called as Python stores it, with defaults for what is missing; a malformed one is logged', async () => {
    await using at = await rqFixture()
    await using server = await httpServer()
    const { id } = await at.queue.enqueue(nothing)
    const [get, bare] = ['get', 'bare'].map((path) => ({ url: `${server.url}/${path}`, job_status: 'finished' }))
    const webhooks = [{ ...get, method: 'GET', headers: null, timeout: 10 }, bare, { ...bare, method: 'PUT' }]
    await at.redis.client.hset(at.key(`job:${id}`), 'webhooks', JSON.stringify(webhooks))
    const { lines, logger } = keeper()
    await at.work(['default'], { logger })
    expect(server.heard.map(({ url }) => url).sort()).toEqual(['/bare', '/get'])
    expect(lines.filter((line) => line.startsWith(`A webhook of job ${id} is malformed`))).toHaveLength(1)
  })

  it('is stored as Python stores it: null for no headers', () => {
    expect(new Webhook('http://host', 'failed').toRecord().headers).toBe(null)
    expect(new Webhook('http://host', 'failed', { headers: { a: 'b' } }).toRecord().headers).toEqual({ a: 'b' })
  })

  it('is called after the new status is stored', async () => {
    await using at = await rqFixture()
    const seen: unknown[] = []
    let job: Job | undefined
    await using server = await httpServer(async (response) => {
      seen.push(await job?.getStatus())
      response.end()
    })
    job = await at.queue.enqueue(nothing, [], { webhooks: [new Webhook(server.url, 'finished')] })
    await at.work()
    expect(seen).toEqual(['finished'])
  })

  it('is called once when a job has failed for good, with the trace', async () => {
    await using at = await rqFixture()
    await using server = await httpServer()
    const headers = { 'content-type': 'application/vnd.mine+json' }
    const webhooks = [
      new Webhook(server.url, 'failed', { method: 'POST', headers }),
      new Webhook(server.url, 'finished'),
    ]
    await at.queue.enqueue(divByZero, [], { webhooks, retry: new Retry({ max: 2 }) })
    await at.work()
    expect(server.heard).toHaveLength(1)
    expect(server.heard[0]?.headers['content-type']).toBe('application/vnd.mine+json')
    const body = JSON.parse(server.heard[0]?.body ?? '')
    expect(body).toMatchObject({ status: 'failed', exc_info: expect.stringContaining('RangeError: division by zero') })
  })

  it('is called for returned retries when they are used up, and after each repeat', async () => {
    await using at = await rqFixture()
    await using server = await httpServer()
    const hook = (status: 'failed' | 'finished') => [new Webhook(`${server.url}/${status}`, status, { method: 'POST' })]
    await at.queue.enqueue(retryLater, [1, 0], { webhooks: hook('failed') })
    await at.queue.enqueue(nothing, [], { webhooks: hook('finished'), repeat: new Repeat({ times: 1 }) })
    await at.work()
    expect(server.heard.map(({ url }) => url).sort()).toEqual(['/failed', '/finished', '/finished'])
    const failed = server.heard.find(({ url }) => url === '/failed')
    expect(JSON.parse(failed?.body ?? '')).toMatchObject({ status: 'failed', exc_info: '' })
  })

  it('is not called for a stop, and is for a job that was abandoned', async () => {
    await using at = await rqFixture()
    await using server = await httpServer()
    await using storage = new RedisStorage({ connection: at.redis.url, prefix: at.redis.prefix })
    const webhooks = [new Webhook(`${server.url}/a`, 'failed'), new Webhook(`${server.url}/b`, 'finished')]
    const stopped = await at.queue.enqueue(untilStopped, [], { webhooks })
    const working = at.work()
    await eventually(async () => {
      if (await stopped.isStarted()) await stopped.stop()
      return stopped.isStopped()
    })
    await working
    expect(server.heard).toEqual([])
    await at.queue.enqueue(nothing, [], { webhooks })
    await storage.workers.claim({ queues: ['default'], want: 1, workerName: 'dead', leaseMs: 60_000 })
    await at.endLeases()
    await at.work()
    expect(server.heard.map(({ url }) => url)).toEqual(['/a'])
  })

  it('that fails is logged without its secrets, and has no other effect', async () => {
    await using at = await rqFixture()
    await using broken = await httpServer((response) => response.writeHead(500).end('no'))
    await using silent = await httpServer(() => {})
    const { lines, logger } = keeper()
    const job = await at.queue.enqueue(sayHello, [], {
      webhooks: [
        new Webhook('http://127.0.0.1:1/canary', 'finished'),
        new Webhook(`${broken.url}/canary?token=canary`, 'finished'),
        new Webhook(`${silent.url}/canary`, 'finished', { timeout: 1, headers: { authorization: 'canary' } }),
        new Webhook('http://user:canary@127.0.0.1:1/', 'finished', { headers: { 'bad header': 'x' } }),
      ],
    })
    await at.work(['default'], { logger })
    expect(await job.isFinished()).toBe(true)
    const failures = lines.filter((line) => line.includes('webhook'))
    expect(failures).toHaveLength(7)
    expect(failures.filter((line) => line.includes('had to leave before the next try'))).toHaveLength(3)
    expect(failures.join()).toMatch(/ECONNREFUSED|invalid request/)
    expect(failures.join()).toContain('response status 500')
    expect(failures.join()).toContain('no response within 1 s')
    expect(lines.join()).not.toContain('canary')
  })

  it('sends user and password of the URL as a header', async () => {
    await using at = await rqFixture()
    await using server = await httpServer()
    const url = server.url.replace('http://', 'http://ada:p%40ss@')
    await at.queue.enqueue(nothing, [], { webhooks: [new Webhook(url, 'finished')] })
    await at.work()
    expect(server.heard[0]?.headers.authorization).toBe(`Basic ${Buffer.from('ada:p@ss').toString('base64')}`)
  })

  it('ignores malformed entries of the store', async () => {
    await using at = await rqFixture()
    await using server = await httpServer()
    const job = await at.queue.enqueue(nothing)
    const stored = [
      {},
      { url: 'file:///etc/passwd', job_status: 'finished', method: 'GET', headers: {}, timeout: 10 },
      { url: server.url, job_status: 'finished', method: 'GET', headers: { a: 1 }, timeout: 10 },
      { url: server.url, job_status: 'finished', method: 'GET', headers: {}, timeout: -1 },
    ]
    await at.redis.client.hset(at.key(`job:${job.id}`), 'webhooks', JSON.stringify(stored))
    await at.work()
    expect(await job.isFinished()).toBe(true)
    expect(server.heard).toEqual([])
  })

  it('is not called at a private address unless the worker allows it, and the log says what to do', async () => {
    await using at = await rqFixture()
    await using server = await httpServer()
    const { lines, logger } = keeper()
    const webhooks = [new Webhook(`${server.url}/canary`, 'finished')]
    await at.queue.enqueue(nothing, [], { webhooks })
    await at.work(['default'], { logger, webhooks: {} })
    await at.open('sync', { isAsync: false }).enqueue(nothing, [], { webhooks })
    expect(server.heard).toEqual([])
    expect(lines.filter((line) => line.includes('webhook'))).toEqual([
      expect.stringContaining('127.0.0.1 is not a public address. To call it, name it in the worker'),
    ])
    await at.queue.enqueue(nothing, [], { webhooks })
    await at.work(['default'], { logger, webhooks: false })
    expect(server.heard).toEqual([])
    expect(lines.join()).toContain('This worker calls no webhooks')
    expect(lines.join()).not.toContain('canary')
  })

  it('is signed with the secret of the worker', async () => {
    await using at = await rqFixture()
    await using server = await httpServer()
    const secret = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`
    await at.queue.enqueue(nothing, [], { webhooks: [new Webhook(server.url, 'finished', { method: 'POST' })] })
    await at.work(['default'], { webhooks: { ...LOCAL_WEBHOOKS, sign: { secret } } })
    const { headers, body } = server.heard[0] ?? {}
    const signed = `${headers?.['webhook-id']}.${headers?.['webhook-timestamp']}.${body}`
    const signature = createHmac('sha256', Buffer.alloc(32, 'k')).update(signed).digest('base64')
    expect(headers?.['webhook-signature']).toBe(`v1,${signature}`)
  })

  it('is also called by queues with isAsync: false', async () => {
    await using at = await rqFixture()
    await using server = await httpServer()
    const queue = at.open('sync', { isAsync: false, webhooks: LOCAL_WEBHOOKS })
    const webhooks = [new Webhook(`${server.url}/ok`, 'finished'), new Webhook(`${server.url}/bad`, 'failed')]
    await queue.enqueue(nothing, [], { webhooks })
    await queue.enqueue(divByZero, [], { webhooks: [...webhooks, new Webhook('http://127.0.0.1:1', 'failed')] })
    expect(server.heard.map(({ url }) => url)).toEqual(['/ok', '/bad'])
  })
})
