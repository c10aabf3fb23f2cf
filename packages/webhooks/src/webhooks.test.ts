import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { silentLogger } from '@rq/core'
import { type JobRecord, settle } from '@rq/job'
import { eventually, httpServer } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { checkWebhookPolicy } from './webhook-policy.ts'
import { Webhooks } from './webhooks.ts'

const HERE = { policy: checkWebhookPolicy({ allow: ['127.0.0.1'] }), funcName: () => 'a.b' }

/** A server that holds its responses back until `answer()` is called. */
async function slowServer() {
  const held: ServerResponse[] = []
  let most = 0
  const server = createServer((_, response) => {
    held.push(response)
    most = Math.max(most, held.length)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret`,
    held,
    most: () => most,
    answer: () => {
      for (const response of held.splice(0)) response.end()
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function ended(url: string) {
  const webhooks = [{ url, job_status: 'finished', method: 'GET', headers: {}, timeout: 10 }] as const
  const record: JobRecord = {
    id: 'j',
    origin: 'q',
    status: 'started',
    data: '[]',
    createdAtMs: 0,
    results: 'hash',
    webhooks,
  }
  return [record, settle(record, 'x', { kind: 'returned', startedAtMs: 1, endedAtMs: 2 })] as const
}

describe('Webhooks', () => {
  it('makes so many requests at once, the others after them, and drops what is too much', async () => {
    await using server = await slowServer()
    const lines: unknown[] = []
    const logger = { ...silentLogger, warn: (...line: unknown[]) => lines.push(line) }
    const webhooks = new Webhooks({ ...HERE, logger, mostAtOnce: 3, mostWaiting: 4 })
    for (let n = 0; n < 10; n++) webhooks.settled(...ended(server.url))
    expect(lines).toHaveLength(3)
    let isIdle = false
    const idle = webhooks.idle().then(() => {
      isIdle = true
    })
    let answered = 0
    while (answered < 7) {
      const due = Math.min(3, 7 - answered)
      await eventually(() => server.held.length === due)
      answered += due
      server.answer()
    }
    await idle
    expect(isIdle).toBe(true)
    expect(server.most()).toBe(3)
  })

  it('calls no more than 32 of one job, and says so once', async () => {
    const lines: string[] = []
    const logger = { ...silentLogger, warn: (line: string) => lines.push(line) }
    const webhooks = new Webhooks({ ...HERE, logger, mostAtOnce: 0, mostWaiting: 100 })
    const [record, settlement] = ended('http://127.0.0.1:1/')
    webhooks.settled({ ...record, webhooks: Array(33).fill(record.webhooks?.[0]) }, settlement)
    expect(lines).toEqual(['Job j has more than 32 webhooks; only the first of them are called'])
    webhooks.stop()
    expect(lines).toHaveLength(33)
  })

  it('gives up what is under way and what waits when it is stopped, and says so without the address', async () => {
    await using server = await slowServer()
    const lines: unknown[] = []
    const logger = { ...silentLogger, warn: (...line: unknown[]) => lines.push(line) }
    const webhooks = new Webhooks({ ...HERE, logger, mostAtOnce: 1 })
    webhooks.settled(...ended(server.url))
    webhooks.settled(...ended(server.url))
    await eventually(() => server.held.length === 1)
    webhooks.stop()
    await webhooks.idle()
    expect(lines).toHaveLength(2)
    expect(JSON.stringify(lines)).not.toContain('secret')
  })

  it('is idle when nothing was asked for', async () => {
    const webhooks = new Webhooks({ ...HERE, logger: silentLogger })
    const { webhooks: _, ...record } = ended('http://host')[0]
    webhooks.settled(record, ended('http://host')[1])
    await webhooks.idle()
    webhooks.stop()
  })

  it('calls again what failed for now, each time later, and gives up after the last time', async () => {
    let status = 503
    await using server = await httpServer((response) => response.writeHead(status).end())
    const lines: unknown[] = []
    const logger = { ...silentLogger, warn: (...line: unknown[]) => lines.push(line) }
    const webhooks = new Webhooks({ ...HERE, logger, retryWaitsMs: [1, 1] })
    webhooks.settled(...ended(server.url))
    await eventually(() => lines.length === 3)
    expect(server.heard).toHaveLength(3)
    expect(lines.map((line) => (line as [string, object])[1])).toMatchObject([
      { reason: 'response status 503', nextTryInSeconds: 0.001 },
      { reason: 'response status 503', nextTryInSeconds: 0.001 },
      { reason: 'response status 503' },
    ])
    expect(new Set(server.heard.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    status = 404
    webhooks.settled(...ended(server.url))
    await eventually(() => lines.length === 4)
    expect(server.heard).toHaveLength(4)
    await webhooks.idle()
  })

  it('is idle while a call waits for another try, and drops that one when it is stopped', async () => {
    await using server = await httpServer((response) => response.writeHead(500).end())
    const lines: unknown[] = []
    const logger = { ...silentLogger, warn: (...line: unknown[]) => lines.push(line) }
    const webhooks = new Webhooks({ ...HERE, logger, mostWaiting: 1 })
    webhooks.settled(...ended(server.url))
    await webhooks.idle()
    webhooks.settled(...ended(server.url))
    webhooks.stop()
    expect(lines).toMatchObject([
      [expect.anything(), { reason: 'response status 500', nextTryInSeconds: 5 }],
      [expect.anything(), { reason: 'too many others wait' }],
      [expect.anything(), { reason: 'the worker had to leave before the next try' }],
    ])
    expect(server.heard).toHaveLength(1)
  })

  it('logs a failure with the facts of its job', async () => {
    await using server = await httpServer(() => 404)
    const lines: unknown[] = []
    const logger = { ...silentLogger, warn: (...line: unknown[]) => lines.push(line) }
    const facts = { jobId: 'j', queue: 'q', function: 'f', worker: 'w', attempt: 1 }
    const webhooks = new Webhooks({ ...HERE, logger, factsOf: () => facts })
    webhooks.settled(...ended(server.url))
    await webhooks.idle()
    expect(lines).toEqual([['The webhook of job j failed', expect.objectContaining({ ...facts, host: server.url })]])
  })

  it('calls none if it is turned off, and says so once', async () => {
    await using server = await httpServer()
    const lines: unknown[] = []
    const logger = { ...silentLogger, warn: (...line: unknown[]) => lines.push(line) }
    const webhooks = new Webhooks({ ...HERE, policy: checkWebhookPolicy(false), logger })
    webhooks.settled(...ended(server.url))
    webhooks.settled(...ended(server.url))
    await webhooks.idle()
    const text = expect.stringContaining('This worker calls no webhooks, such as those of job j')
    expect(lines).toEqual([[text, { jobId: 'j', queue: 'q' }]])
    expect(server.heard).toEqual([])
  })
})
