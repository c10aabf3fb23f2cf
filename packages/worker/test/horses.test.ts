import { expect, test } from 'vitest'
import { makeProject } from '@rq/testkit'
import { Worker } from '../src/index.ts'
import { JOBS } from './jobs.ts'
import { MemoryStore } from './memory-store.ts'

test('10,000 jobs through two process horses end with the right results', { timeout: 60_000 }, async () => {
  await using project = await makeProject({ 'jobs.js': JOBS })
  const store = new MemoryStore()
  const ids = Array.from({ length: 10_000 }, (_, n) => store.enqueue('./jobs#double', { args: [n] }))
  const worker = new Worker('default', { storage: store.storage, concurrency: 2, serializer: 'json', importPaths: [project.dir] })
  const t0 = performance.now(), cpu = process.cpuUsage()
  expect(await worker.work({ burst: true })).toBe(true)
  const ms = performance.now() - t0, c = process.cpuUsage(cpu)
  console.log(ms, c, store.calls)
  expect(ids.map((id) => store.value(id))).toEqual(ids.map((_, n) => n * 2))
  expect(store.mostAtOnce).toBe(1)
})
