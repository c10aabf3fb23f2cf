import { describe, expect, test } from 'vitest'
import type { CommandContext } from './command.ts'
import type { RqConfig } from './config.ts'
import { webhooksOf } from './webhook-settings.ts'

const OLD = `whsec_${Buffer.alloc(24, 'old').toString('base64')}`
const NEW = `whsec_${Buffer.alloc(24, 'new').toString('base64')}`

function webhooks(flags: Readonly<Record<string, unknown>>, config: RqConfig = {}, secret?: string) {
  const env = secret === undefined ? {} : { RQ_WEBHOOK_SECRET: secret }
  return webhooksOf(flags, { host: { env }, settings: { config } } as unknown as CommandContext).webhooks
}

describe('webhooksOf', () => {
  test('flags override the environment, which overrides the configuration file', () => {
    const config = { webhooks: { allow: ['a.test'], sign: { secret: OLD } } }
    expect(webhooks({})).toEqual({})
    expect(webhooks({}, config)).toEqual(config.webhooks)
    expect(webhooks({ 'webhook-allow': ['b.test', 'c.test'] }, config, NEW)).toEqual({
      allow: ['b.test', 'c.test'],
      sign: { secret: [NEW] },
    })
    expect(webhooks({}, {}, ` ${NEW}  ${OLD}\n`)).toEqual({ sign: { secret: [NEW, OLD] } })
    expect(webhooks({}, {}, ' ')).toEqual({})
  })

  test('none are called when a flag or the file says so, unless a flag allows some', () => {
    expect(webhooks({ 'disable-webhooks': true }, { webhooks: { allow: ['a.test'] } }, NEW)).toBe(false)
    expect(webhooks({}, { webhooks: false }, NEW)).toBe(false)
    expect(webhooks({ 'webhook-allow': ['a.test'] }, { webhooks: false })).toEqual({ allow: ['a.test'] })
  })
})
