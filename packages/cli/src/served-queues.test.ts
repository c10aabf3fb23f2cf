import { describe, expect, it } from 'vitest'
import { servedQueues, workedQueues } from './served-queues.ts'
import type { Settings } from './settings.ts'

const settings = (queues?: Settings['config']['queues']) =>
  ({ config: queues === undefined ? {} : { queues } }) as Settings

describe('workedQueues', () => {
  it('are a list as long as no queue has a concurrency of its own', () => {
    expect(workedQueues(['high', 'low'], settings({ mail: 5 }))).toEqual(['high', 'low'])
    expect(workedQueues([], settings(['mail']))).toEqual(['mail'])
    expect(workedQueues(undefined, settings())).toEqual(['default'])
  })

  it('are a plan when a queue is named with its concurrency, or the configuration file has one', () => {
    expect(workedQueues(['ingest=20', 'mail'], settings())).toEqual({ ingest: 20, mail: {} })
    expect(workedQueues([], settings({ mail: { horse: 'thread' } }))).toEqual({ mail: { horse: 'thread' } })
  })

  it.each([
    [['mail=much'], 'Invalid queue mail=much: expected a name, or a name and its concurrency such as mail=5.'],
    [['mail='], 'Invalid queue mail=: expected'],
    [['a=1=2'], 'Invalid queue a=1=2: expected'],
    [['mail=5', 'mail'], 'The queue mail is named twice.'],
  ])('refuse %o', (named, message) => {
    expect(() => workedQueues(named, settings())).toThrow(message)
  })
})

describe('servedQueues', () => {
  it('are the names of a plan in the configuration file', () => {
    expect(servedQueues([], settings({ ingest: 20, mail: {} }))).toEqual(['ingest', 'mail'])
  })
})
