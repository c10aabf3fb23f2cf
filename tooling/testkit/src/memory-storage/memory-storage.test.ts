import { describe, expect, it } from 'vitest'
import { FakeClock } from '../fake-clock.ts'
import { claimRequest, describeStorage, newJob, RETURNED, rescue, workOff } from '../storage-conformance/index.ts'
import { MemoryPipeline } from './memory-pipeline.ts'
import { MemoryStorage } from './memory-storage.ts'

describeStorage('MemoryStorage', async () => {
  const storage = new MemoryStorage()
  const opened = [storage]
  return {
    storage,
    another() {
      const other = new MemoryStorage({ data: storage.data })
      opened.push(other)
      return other
    },
    pipeline: () => new MemoryPipeline(),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((one) => one.close()))
    },
  }
})

describe('MemoryStorage', () => {
  it('lets leases, pauses, due times and the lives of jobs end by its clock', async () => {
    const clock = new FakeClock()
    const { jobs, queues, schedules, workers } = new MemoryStorage({ clock })
    const scheduler = { name: 'ann', queues: ['default'], pid: 1, hostname: 'h', createdAtMs: clock.nowMs() }
    await schedules.lead(scheduler, 60_000)
    await queues.enqueue([newJob({ id: 'leased' })])
    await workers.claim(claimRequest({ leaseMs: 5000 }))
    await queues.enqueue([newJob({ id: 'later', ttlS: 5 }, { delayMs: 5000 })])
    await queues.pause('default', 5)

    clock.advance(4999)
    expect(await rescue(workers, { leaseMs: 5000 })).toEqual([])
    expect(await schedules.promoteDue('default', 'ann', 10)).toMatchObject({ moved: 0, waitMs: 1 })
    expect(await queues.isPaused('default')).toBe(true)

    clock.advance(1)
    expect(await rescue(workers, { leaseMs: 5000 })).toMatchObject([{ job: { id: 'leased' } }])
    expect(await schedules.promoteDue('default', 'ann', 10)).toMatchObject({ moved: 1, nowMs: clock.nowMs() })
    expect(await queues.isPaused('default')).toBe(false)

    clock.advance(5000)
    expect(await jobs.status('later')).toBeUndefined()
    expect(await queues.compact('default')).toBe(1)
  })

  it('gives the same execution ids to the same steps', async () => {
    const run = async () => {
      const { queues, workers } = new MemoryStorage({ clock: new FakeClock() })
      await queues.enqueue([newJob({ id: 'a' }), newJob({ id: 'b' })])
      return workers.claim(claimRequest())
    }
    expect(await run()).toEqual(await run())
  })

  it('ends what waits when it is closed, and keeps its data for other clients', async () => {
    const storage = new MemoryStorage()
    const other = new MemoryStorage({ data: storage.data })
    await storage.queues.enqueue([newJob({ id: 'a' })])
    const waiting = [
      storage.jobs.awaitResult('a', 60_000),
      storage.workers.waitForWork(['none'], 60_000, neverAborted()),
    ]
    await storage.close()
    await Promise.all(waiting)
    expect(await workOff(other, RETURNED)).toEqual(['applied'])
  })
})

function neverAborted(): AbortSignal {
  return new AbortController().signal
}
