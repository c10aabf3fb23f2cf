import { writeFile } from 'node:fs/promises'
import { eventually } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { fixture } from './fixture.ts'
import { nextEvent, running } from './running.ts'

describe.each(['process', 'thread'] as const)('with horses of the kind %s', (horse) => {
  test('setConcurrency starts horses, and ends those that are one too many after their jobs', async () => {
    await using place = await fixture()
    const { project, store } = place
    const worker = place.worker({ horse, concurrency: 1, prefetch: { most: 0 } })
    let horses = 0
    worker.on('horse:started', () => horses++)
    worker.on('horse:ended', () => horses--)
    const file = (n: number) => project.path(`end-${n}`)
    const ids = [0, 1, 2, 3].map((n) => store.enqueue('jobs.blockUntil', { args: [file(n)] }))
    const started = () => ids.filter((id) => store.status(id) === 'started').length
    await using _ = running(worker)
    await eventually(() => expect([started(), horses]).toEqual([1, 1]))
    worker.setConcurrency(3)
    await eventually(() => expect([started(), horses]).toEqual([3, 3]))
    worker.setConcurrency(1)
    await writeFile(file(0), '')
    await writeFile(file(1), '')
    await eventually(() =>
      expect(ids.map((id) => store.status(id)).filter((one) => one === 'finished')).toHaveLength(2),
    )
    await eventually(() => expect([started(), horses]).toEqual([1, 1]))
    expect(store.status(ids[3] ?? '')).toBe('queued')
    await writeFile(file(2), '')
    await eventually(() => expect(store.status(ids[3] ?? '')).toBe('started'))
    await writeFile(file(3), '')
    await eventually(() => expect(ids.map((id) => store.status(id))).toEqual(Array(4).fill('finished')))
    expect(store.givenBack).toEqual([])
  })

  test('a pause returns what was claimed ahead, and lets what runs go on', async () => {
    await using place = await fixture()
    const { project, store } = place
    const worker = place.worker({ horse, prefetch: { most: 10, aheadMs: 60_000 } })
    await using _ = running(worker)
    const first = store.enqueue('jobs.add', { args: [1, 2] })
    await eventually(() => expect(store.status(first)).toBe('finished'))
    const begun = nextEvent(worker, 'job:started')
    const ids = Array.from({ length: 4 }, (_, n) =>
      store.enqueue('jobs.blockUntil', { args: [project.path('end')], id: `job-${n}` }),
    )
    await begun
    worker.pause()
    await eventually(() => expect(store.waiting()).toEqual(ids.slice(1)))
    expect(store.status(ids[0] ?? '')).toBe('started')
    await writeFile(project.path('end'), '')
    await eventually(() => expect(store.status(ids[0] ?? '')).toBe('finished'))
    expect(store.waiting()).toEqual(ids.slice(1))
    worker.resume()
    await eventually(() => expect(ids.map((id) => store.status(id))).toEqual(Array(4).fill('finished')))
    expect(ids.map((id) => store.recordOf(id).retriesLeft)).toEqual(Array(4).fill(undefined))
  })
})
