import { silentLogger } from '@rq/core'
import { checkLimits } from '@rq/job'
import { TestStorage } from '@rq/testkit/memory-storage'
import { describe, expect, it, vi } from 'vitest'
import { withoutStorageFactory } from '../../test/no-storage-factory.ts'
import { Job } from '../job/job.ts'
import { Queue } from '../queue/queue.ts'
import type { QueueOptions } from '../queue/queue-options.ts'
import { SizeLimits } from './size-limits.ts'

const ADD = './jobs#add'
const tooLarge = (limit: string) =>
  expect.objectContaining({ code: 'RQ_TOO_LARGE', details: expect.objectContaining({ limit }) })

function setUp(options: Partial<QueueOptions> = {}) {
  const storage = new TestStorage()
  const lines: unknown[] = []
  const logger = { ...silentLogger, warn: (...line: unknown[]) => lines.push(line) }
  const limits = { arguments: 1000, meta: '1kb', ...options.limits }
  return { storage, lines, queue: new Queue('q', { storage, logger, ...options, limits }) }
}

describe('SizeLimits', () => {
  withoutStorageFactory()

  it('refuses arguments that are too large, wherever they are enqueued, and writes nothing', async () => {
    const { queue, storage } = setUp()
    const text = 'x'.repeat(1000)
    await expect(queue.enqueue(ADD, [text])).rejects.toThrow(
      /^Too large: arguments of .*#add, 10\d\d bytes; the limit is 1000\. Better store .* or raise limits\.arguments\.$/,
    )
    await expect(queue.enqueueIn(1, ADD, [text])).rejects.toThrow(tooLarge('arguments'))
    await expect(queue.createJob(ADD, [text])).rejects.toThrow(tooLarge('arguments'))
    await expect(queue.enqueue(ADD, [1], { kwargs: { text } })).rejects.toThrow(tooLarge('arguments'))
    await expect(Job.create(ADD, [text], { storage, limits: { arguments: 1000 } })).rejects.toThrow(
      tooLarge('arguments'),
    )
    const many = [Queue.prepareData(ADD, [1, 2]), Queue.prepareData(ADD, [text])]
    await expect(queue.enqueueMany(many)).rejects.toThrow(tooLarge('arguments'))
    expect(await queue.count()).toBe(0)
  })

  it('counts bytes of UTF-8, not characters', async () => {
    const { queue } = setUp()
    await expect(queue.enqueue(ADD, ['€'.repeat(400)])).rejects.toThrow(tooLarge('arguments'))
    await queue.enqueue(ADD, ['x'.repeat(800)])
    const limits = new SizeLimits(checkLimits({ arguments: 1000 }))
    limits.check('arguments', 'x'.repeat(1000), () => 'f')
    limits.check('arguments', Buffer.alloc(1000), () => 'f')
    expect(() => limits.check('arguments', Buffer.alloc(1001), () => 'f')).toThrow(tooLarge('arguments'))
  })

  it('does not measure what is far from the limits', () => {
    const measure = vi.spyOn(Buffer, 'byteLength')
    const limits = new SizeLimits()
    limits.check('arguments', 'x'.repeat(340_000), () => 'f')
    limits.checkStored('arguments', 'x'.repeat(5_000_000), 'f')
    expect(measure).not.toHaveBeenCalled()
    measure.mockRestore()
  })

  it('refuses meta that is too large, and keeps what was stored', async () => {
    const { queue, storage } = setUp()
    const meta = { text: 'x'.repeat(1024) }
    await expect(queue.enqueue(ADD, [1, 2], { meta })).rejects.toThrow(tooLarge('meta'))
    const job = await queue.enqueue(ADD, [1, 2], { meta: { step: 1 } })
    job.meta = meta
    await expect(job.saveMeta()).rejects.toThrow(tooLarge('meta'))
    await expect(job.save()).rejects.toThrow(tooLarge('meta'))
    expect(String(storage.recordOf(job.id).meta)).toBe('{"step":1}')
  })

  it('has no limit with 0', async () => {
    const { queue } = setUp({ limits: { arguments: 0 } })
    await queue.enqueue(ADD, ['x'.repeat(17 * 1024 ** 2)])
  })

  it.each([{ arguments: 'much' }, { result: -1 }, { results: '1mb' } as never, 7 as never])(
    'refuses wrong limits: %j',
    (limits) => {
      expect(() => new Queue('q', { storage: new TestStorage(), limits })).toThrow(
        expect.objectContaining({ code: 'RQ_INVALID_OPTION' }),
      )
    },
  )

  it('logs large arguments once for each function', async () => {
    const { queue, lines } = setUp({ limits: { warnAt: 500 } })
    for (let n = 0; n < 3; n++) await queue.enqueue('./jobs#first', ['x'.repeat(600)])
    await queue.enqueue('./jobs#other', ['x'.repeat(600)])
    expect(lines).toEqual([
      [expect.stringMatching(/^Large arguments of .*#first: better store/), { bytes: expect.any(Number), limit: 1000 }],
      [expect.stringMatching(/^Large arguments of \.\/jobs#other: /), expect.anything()],
    ])
  })

  it('cuts descriptions at 4000 characters', async () => {
    const { queue, storage } = setUp()
    const job = await queue.enqueue(ADD, [1, 2], { description: 'x'.repeat(5000) })
    expect(storage.recordOf(job.id).description).toBe(`${'x'.repeat(3999)}…`)
    job.description = 'y'.repeat(5000)
    expect(job.description).toHaveLength(4000)
    const long = await setUp({ limits: { arguments: 0 } }).queue.enqueue('./jobs#many', Array(100_000).fill(1))
    expect(long.description).toHaveLength(4000)
  })
})
