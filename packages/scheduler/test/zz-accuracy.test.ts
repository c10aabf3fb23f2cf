import { startRedis } from '@rq/testkit'
import { newJob } from '@rq/testkit/storage-conformance'
import { RedisStorage } from '@rq/redis'
import { it } from 'vitest'
import { Scheduler } from '../src/index.ts'
it('accuracy', async () => {
  await using redis = await startRedis()
  await using storage = new RedisStorage({ connection: redis.url, role: 'worker' })
  await using own = new RedisStorage({ connection: redis.url, role: 'worker' })
  for (let round = 0; round < 3; round++) {
    const scheduler = new Scheduler('default', { storage: own })
    await scheduler.start()
    const n = 1000
    const base = Date.now() + 500
    const due = new Map<string, number>()
    const jobs = Array.from({ length: n }, (_, i) => { const ms = Math.round(base + Math.random() * 10_000); const id = `r${round}-${i}`; due.set(id, ms); return newJob({ id }, { dueMs: ms }) })
    await storage.queues.enqueue(jobs)
    const late: number[] = []
    while (late.length < n) {
      const { jobs } = await storage.workers.claim({ queues: ['default'], want: 50, workerName: 'w', leaseMs: 15000 })
      const now = Date.now()
      for (const { job } of jobs) late.push(now - due.get(job.id)!)
      if (jobs.length === 0) await storage.workers.waitForWork(['default'], 1000, AbortSignal.timeout(1000))
    }
    late.sort((a, b) => a - b)
    console.log('lateness at the worker ms: min', late[0], 'p50', late[n / 2], 'p99', late[Math.floor(n * 0.99)], 'max', late[n - 1])
    await scheduler.stop()
  }
}, 60_000)
