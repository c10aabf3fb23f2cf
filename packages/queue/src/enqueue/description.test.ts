import { describeCall, descriptionOf } from '@rq/job'
import { jsonSerializer, superjsonSerializer } from '@rq/serializer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newRecord, type RecordDefaults } from './new-record.ts'

const FUNC = './jobs/email#send'
const NO_OPTIONS = { atFront: false, unique: false } as const

function recordOf(args: readonly unknown[], more: Partial<RecordDefaults> & { description?: string } = {}) {
  const { description, ...defaults } = more
  const options = { ...NO_OPTIONS, kwargs: { key: 1 }, ...(description !== undefined && { description }) }
  const given = { origin: 'q', serializer: superjsonSerializer, results: 'hash', ...defaults } as const
  return newRecord({ func: FUNC }, args, options, given)
}

/** Without -0, which is not plain JSON for superjson. */
const plainArgs = fc
  .array(fc.jsonValue(), { maxLength: 4 })
  .map((args) => JSON.parse(JSON.stringify(args)) as unknown[])

const described = (args: readonly unknown[]) => describeCall({ func: FUNC, args, kwargs: { key: 1 } })

describe('the description of a new job', () => {
  it('is not stored where its data show the call, and reads as if it were', () => {
    fc.assert(
      fc.property(plainArgs, (args) => {
        for (const serializer of [superjsonSerializer, jsonSerializer]) {
          const record = recordOf(args, { serializer })
          expect(record.description).toBeUndefined()
          expect(descriptionOf(record)).toBe(described(args))
        }
      }),
    )
  })

  it('is stored for Python, which reads results in the stream', () => {
    expect(recordOf(['ada'], { results: 'stream' }).description).toBe(described(['ada']))
  })

  it('is stored where the data do not show the call: an envelope, or very much', () => {
    for (const args of [[new Map([[1, 2]])], ['x'.repeat(20_000)]]) {
      expect(recordOf(args).description).toBe(described(args))
    }
  })

  it('is what it was given', () => {
    expect(recordOf(['ada'], { description: 'a letter' }).description).toBe('a letter')
  })
})

describe('descriptionOf', () => {
  it('is undefined where nothing shows a call', () => {
    for (const data of ['', '["', '[""]', '["f",null,1,{}]', '["f",null,[],null]', '{"json":1}', Buffer.from('["f"')]) {
      expect(descriptionOf({ data })).toBeUndefined()
    }
  })
})
