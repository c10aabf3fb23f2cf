import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { silentLogger } from '@rq/core'
import { type JobRecord, settle } from '@rq/job'
import { jsonSerializer } from '@rq/serializer'
import { eventually } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { Webhooks } from './webhooks.ts'

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
    const webhooks = new Webhooks({ serializer: jsonSerializer, logger, mostAtOnce: 3, mostWaiting: 4 })
    for (let n = 0; n < 10; n++) webhooks.settled(...ended(server.url))
    expect(lines).toHaveLength(3)
    let isIdle = false
    const idle = webhooks.idle().then(() => {
      isIdle = true
    })
    let answered = 0
    await eventually(() => {
      answered += server.held.length
      server.answer()
      return answered === 7
    })
    await idle
    expect(isIdle).toBe(true)
    expect(server.most()).toBe(3)
  })

  it('gives up what is under way and what waits when it is stopped, and says so without the address', async () => {
    await using server = await slowServer()
    const lines: unknown[] = []
    const logger = { ...silentLogger, warn: (...line: unknown[]) => lines.push(line) }
    const webhooks = new Webhooks({ serializer: jsonSerializer, logger, mostAtOnce: 1 })
    webhooks.settled(...ended(server.url))
    webhooks.settled(...ended(server.url))
    await eventually(() => server.held.length === 1)
    webhooks.stop()
    await webhooks.idle()
    expect(lines).toHaveLength(2)
    expect(JSON.stringify(lines)).not.toContain('secret')
  })

  it('is idle when nothing was asked for', async () => {
    const webhooks = new Webhooks({ serializer: jsonSerializer, logger: silentLogger })
    const { webhooks: _, ...record } = ended('http://host')[0]
    webhooks.settled(record, ended('http://host')[1])
    await webhooks.idle()
    webhooks.stop()
  })
})
