import { type JobRecord, settle } from '@rq/job'
import { eventually, httpServer, rawServer } from '@rq/testkit'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { callWebhook } from './call-webhook.ts'
import type { Resolve } from './request.ts'
import { webhookCalls } from './webhook-calls.ts'
import { checkWebhookPolicy, type WebhookPolicyOptions } from './webhook-policy.ts'

const LOCAL = { allow: ['127.0.0.1'] }
const SECRET = `whsec_${Buffer.alloc(32, 'key').toString('base64')}`

interface Given {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly timeout?: number
}

function callOf(url: string, given: Given = {}) {
  const webhook = { url, job_status: 'finished', method: 'GET', headers: null, timeout: 10, ...given } as const
  const record: JobRecord = {
    id: 'j',
    origin: 'q',
    status: 'started',
    data: '[]',
    createdAtMs: 0,
    results: 'hash',
    webhooks: [webhook],
  }
  const settlement = settle(record, 'x', { kind: 'returned', startedAtMs: 1, endedAtMs: 2 })
  const [call] = webhookCalls(record, settlement, { funcName: () => 'a.b' })
  if (call === undefined) throw new Error('no call')
  return call
}

function policyOf(options: WebhookPolicyOptions) {
  const policy = checkWebhookPolicy(options)
  if (policy === false) throw new Error('no policy')
  return policy
}

async function failure(url: string, options: WebhookPolicyOptions = LOCAL, given: Given = {}, resolve?: Resolve) {
  return await callWebhook(callOf(url, given), policyOf(options), { resolve })
}

/** Answers what a DNS server says, and counts how often it is asked. */
function dns(...answers: (readonly string[])[]) {
  const asked: string[] = []
  const resolve: Resolve = async (host) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? []
    asked.push(host)
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  return { asked, resolve }
}

describe('callWebhook', () => {
  it.each([200, 201, 204, 299])('succeeds with %i', async (status) => {
    await using server = await httpServer((response) => response.writeHead(status).end())
    expect(await failure(server.url)).toBeUndefined()
  })

  it('does not follow redirects, and sends nothing to where they lead', async () => {
    await using inside = await httpServer()
    for (const status of [301, 302, 303, 307, 308]) {
      await using server = await httpServer((response) => response.writeHead(status, { location: inside.url }).end())
      expect(await failure(server.url, LOCAL, { method: 'POST', headers: { 'x-api-key': 'k' } })).toEqual({
        reason: `response status ${status}; redirects are not followed`,
        isTemporary: false,
      })
    }
    expect(inside.heard).toEqual([])
  })

  it.each([
    [400, undefined, false, undefined],
    [404, undefined, false, undefined],
    [410, '5', false, undefined],
    [408, undefined, true, undefined],
    [429, '7', true, 7000],
    [503, '99999999', true, 300_000],
    [500, 'soon', true, undefined],
    [502, new Date(0).toUTCString(), true, 0],
  ])('a failure with %i and Retry-After %s may pass: %s', async (status, retryAfter, isTemporary, retryAfterMs) => {
    await using server = await httpServer((response) => {
      response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end()
    })
    expect(await failure(server.url)).toEqual({
      reason: `response status ${status}`,
      isTemporary,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    })
  })

  it.each(['127.0.0.1', '0x7f000001', '2130706433', '127.1', '[::1]', '[::ffff:127.0.0.1]', '0', '169.254.169.254'])(
    'refuses %s by default',
    async (host) => {
      await using server = await httpServer()
      const refused = await failure(`http://${host}:${server.port}/`, {})
      expect(refused).toMatchObject({
        isTemporary: false,
        reason: expect.stringMatching(/is not a public address\. To/),
      })
      expect(refused?.reason).toContain('--webhook-allow')
      expect(server.heard).toEqual([])
    },
  )

  it('refuses a name with an address that is not public, also beside public ones', async () => {
    await using server = await httpServer()
    const { resolve } = dns(['8.8.8.8', '127.0.0.1'])
    const refused = await failure(`http://a.test:${server.port}`, {}, {}, resolve)
    expect(refused?.reason).toContain('127.0.0.1 is not a public address')
    expect(await failure(`http://localhost:${server.port}`, {})).toMatchObject({ isTemporary: false })
    expect(server.heard).toEqual([])
  })

  it('connects to the address that was judged: the name is looked up once', async () => {
    await using server = await httpServer()
    const rebinding = dns(['127.0.0.1'], ['10.0.0.1'])
    expect(
      await failure(`http://a.test:${server.port}/x`, { allow: ['a.test'] }, {}, rebinding.resolve),
    ).toBeUndefined()
    expect(rebinding.asked).toEqual(['a.test'])
    expect(server.heard[0]?.headers.host).toBe(`a.test:${server.port}`)
    const other = dns(['192.0.2.1'], ['127.0.0.1'])
    expect(await failure(`http://b.test:${server.port}/x`, {}, {}, other.resolve)).toMatchObject({ isTemporary: false })
    expect(other.asked).toEqual(['b.test'])
    expect(server.heard).toHaveLength(1)
  })

  it('calls only the hosts of a list', async () => {
    const { asked, resolve } = dns(['127.0.0.1'])
    expect(await failure('http://public.test', { allow: ['hooks.test'] }, {}, resolve)).toMatchObject({
      reason: expect.stringContaining('this host is not among those that may be called'),
      isTemporary: false,
    })
    expect(asked).toEqual([])
  })

  it('a name that is not known fails for now', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))
    expect(await failure('http://a.test', {}, {}, resolve)).toEqual({ reason: 'ENOTFOUND', isTemporary: true })
  })

  it('does not wait for the body of an answer, and closes the connection', async () => {
    await using server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n')
      const more = () => socket.writable && socket.write('x'.repeat(100_000), more)
      more()
    })
    expect(await failure(server.url)).toBeUndefined()
    await eventually(() => server.sockets.size === 0)
  })

  it('ends floods of headers', async () => {
    await using server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      const more = () => socket.writable && socket.write(`a: ${'x'.repeat(1000)}\r\n`, more)
      more()
    })
    expect(await failure(server.url)).toMatchObject({ reason: 'HPE_HEADER_OVERFLOW' })
    await eventually(() => server.sockets.size === 0)
  })

  it('has one time limit for the whole call, whatever trickles in', async () => {
    await using server = await rawServer((socket) => {
      const more = () => socket.writable && socket.write('HTTP/1.1 102 Processing\r\n\r\n', () => setTimeout(more, 5))
      more()
    })
    const limited = { reason: 'no response within 0.2 s', isTemporary: true }
    expect(await failure(server.url, LOCAL, { timeout: 0.2 })).toEqual(limited)
    await eventually(() => server.sockets.size === 0)
    const never: Resolve = () => new Promise(() => {})
    expect(await failure('http://a.test', {}, { timeout: 0.2 }, never)).toEqual(limited)
  })

  it.each([
    ['closes', (socket: { end: () => void }) => socket.end()],
    [
      'changes the protocol',
      (socket) => socket.end('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    ],
    ['speaks another one', (socket) => socket.end('220 smtp ready\r\n')],
  ] as readonly (readonly [string, Parameters<typeof rawServer>[0]])[])('a server that %s fails', async (_, speak) => {
    await using server = await rawServer(speak)
    expect(await failure(server.url)).toMatchObject({ isTemporary: true })
  })

  it.each([
    [{ host: 'other' }, 'invalid request: the header "host" cannot be set'],
    [{ 'Transfer-Encoding': 'chunked' }, 'invalid request: the header "transfer-encoding" cannot be set'],
    [{ 'bad header': 'canary' }, 'invalid request'],
    [{ 'x-header': 'canary\r\nhost: b' }, 'invalid request'],
  ])('refuses the headers %j', async (headers, reason) => {
    await using server = await httpServer()
    expect(await failure(server.url, LOCAL, { headers })).toEqual({ reason, isTemporary: false })
    expect(await failure('http://a%zz:b@127.0.0.1:1')).toEqual({ reason: 'invalid request', isTemporary: false })
    expect(server.heard).toEqual([])
  })

  it('sends an id that is the same for each try, and a signature that receivers verify', async () => {
    await using server = await httpServer()
    const options = { ...LOCAL, sign: { secret: SECRET } }
    const call = callOf(server.url, { method: 'POST', headers: { 'Webhook-Signature': 'v1,mine', 'X-Key': 'k' } })
    await callWebhook(call, policyOf(options))
    await callWebhook(call, policyOf(options))
    const [first, second] = server.heard
    expect(first?.headers['webhook-id']).toMatch(/^msg_[\w-]{43}$/)
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(first?.headers['x-key']).toBe('k')
    const headers = first?.headers as Record<string, string>
    expect(new Webhook(SECRET).verify(first?.body ?? '', headers)).toMatchObject({ job_id: 'j', func_name: 'a.b' })
  })

  it('ends when it is told to', async () => {
    const leaving = new AbortController()
    await using server = await rawServer(() => leaving.abort(new Error('the worker had to leave')))
    const failed = await callWebhook(callOf(server.url), policyOf(LOCAL), { signal: leaving.signal })
    expect(failed).toEqual({ reason: 'the worker had to leave', isTemporary: false })
  })
})
