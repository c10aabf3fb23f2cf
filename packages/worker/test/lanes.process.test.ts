import { writeFileSync } from 'node:fs'
import { eventually } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { fixture } from './fixture.ts'

const PLAN = { inline: { horse: 'inline' }, thread: { horse: 'thread' }, process: 2 } as const

describe('a worker whose queues have horses of different kinds', () => {
  it('runs the jobs of each where it should', async () => {
    await using at = await fixture()
    const ids = Object.keys(PLAN).map((origin) => [
      at.store.enqueue('./jobs#pid', { origin }),
      at.store.enqueue('./jobs#threadId', { origin }),
    ])
    await at.worker({}, PLAN).work({ burst: true })
    const [inline, thread, child] = ids.map((pair) => pair.map((id) => Number(at.store.value(id))))
    expect(inline).toEqual([process.pid, 0])
    expect(thread?.[0]).toBe(process.pid)
    expect(thread?.[1]).toBeGreaterThan(0)
    expect(child?.[0]).not.toBe(process.pid)
    expect(child?.[1]).toBe(0)
  })

  it('lets the jobs of all queues end at a warm stop', async () => {
    await using at = await fixture()
    const gate = at.project.path('gate')
    const ids = Object.keys(PLAN).map((origin) => at.store.enqueue('./jobs#waitUntil', { origin, args: [gate] }))
    const worker = at.worker({}, PLAN)
    let begun = 0
    worker.on('job:started', () => {
      begun += 1
    })
    const ended = worker.work()
    await eventually(() => begun === ids.length)
    const stopped = worker.stop()
    writeFileSync(gate, '')
    await Promise.all([stopped, ended])
    expect(ids.map((id) => at.store.status(id))).toEqual(['finished', 'finished', 'finished'])
  })

  it('returns the jobs of all queues at a cold stop', async () => {
    await using at = await fixture()
    const ids = Object.keys(PLAN).map((origin) => at.store.enqueue('./jobs#never', { origin }))
    const worker = at.worker({}, PLAN)
    let begun = 0
    worker.on('job:started', () => {
      begun += 1
    })
    const ended = worker.work()
    await eventually(() => begun === ids.length)
    await worker.stop({ force: true })
    await ended
    expect(ids.map((id) => at.store.status(id))).toEqual(['queued', 'queued', 'queued'])
  })
})
