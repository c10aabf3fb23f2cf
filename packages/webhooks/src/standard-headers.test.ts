import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { signingKeys } from './signing-keys.ts'
import { standardHeaders } from './standard-headers.ts'

const OLD = `whsec_${Buffer.alloc(24, 'old').toString('base64')}`
const NEW = `whsec_${Buffer.alloc(32, 'new').toString('base64')}`
const now = () => Math.floor(Date.now() / 1000)

describe('standardHeaders', () => {
  it('signs as an independent computation does', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampS: 1614265330, body: '{"test": 2432232314}' }
    expect(standardHeaders(message, signingKeys(secret, 'secret'))).toEqual({
      'webhook-id': message.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  it('is verified by the library that receivers use, with either of two secrets', () => {
    const body = JSON.stringify({ job_id: 'a.b', exc_info: 'é\n' })
    const headers = standardHeaders({ id: 'msg_1', timestampS: now(), body }, signingKeys([OLD, NEW], 'secret'))
    expect(new Webhook(OLD).verify(body, headers)).toEqual(JSON.parse(body))
    expect(new Webhook(NEW).verify(body, headers)).toEqual(JSON.parse(body))
    const other = `whsec_${Buffer.alloc(32, 'other').toString('base64')}`
    expect(() => new Webhook(other).verify(body, headers)).toThrow('No matching signature')
    expect(() => new Webhook(OLD).verify(`${body} `, headers)).toThrow('No matching signature')
    expect(() => new Webhook(OLD).verify(body, { ...headers, 'webhook-id': 'msg_2' })).toThrow('No matching signature')
  })

  it('signs an empty body', () => {
    const { 'webhook-signature': signature } = standardHeaders(
      { id: 'msg_1', timestampS: 5, body: '' },
      signingKeys(OLD, 'secret'),
    )
    const key = Buffer.alloc(24, 'old')
    expect(signature).toBe(`v1,${createHmac('sha256', key).update('msg_1.5.').digest('base64')}`)
  })

  it('without a key there is an id to tell repetitions by, and no signature', () => {
    const headers = standardHeaders({ id: 'msg_1', timestampS: 5, body: '' }, [])
    expect(headers).toEqual({ 'webhook-id': 'msg_1', 'webhook-timestamp': '5' })
  })
})

describe('signingKeys', () => {
  it.each([
    ['canary'],
    ['whsec_'],
    ['whsec_Y2FuYXJ5'],
    [`whsec_${'canary*'.repeat(8)}`],
    [`whsec_${Buffer.alloc(65).toString('base64')}canary`],
    [[]],
    [[OLD, 'canary']],
    [7],
    [undefined],
  ])('%j is refused, and not shown', (secret) => {
    expect(() => signingKeys(secret, 'webhooks.sign.secret')).toThrow(/^Invalid webhooks.sign.secret: (?!.*canary)/)
  })
})
