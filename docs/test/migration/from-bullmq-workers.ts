import { writeFile } from 'node:fs/promises'
import { eventually } from '@rq/testkit'
import { Queue, type SimpleWorker, Worker } from 'rq'
import { expect } from 'vitest'
import { blockUntil, endSecondRun, f, fail, meet, pid, send } from './jobs.js'
import { linesOf, notesFile } from './notes.ts'
import { endLeases, leaseEndMs } from './observed.ts'
import type { Scenarios } from './world.ts'

const BURST = { burst: true, withScheduler: false }
const TOGETHER = 50

/** The rows of "Workers". */
export const workerRows: Scenarios = {
  "new Worker('mail', processor)": async (world) => {
    const first = await world.open('mail').enqueue(send, ['ada@example.com'])
    expect(await world.command(0, '--burst')).toMatchObject({ code: 0 })
    expect(await first.result()).toBe('sent to ada@example.com')
    const second = await world.open('mail').enqueue(f, [1, 2])
    await (await world.run<Worker>()).work(BURST)
    expect(await second.result()).toBe(3)
  },

  'a processor that uses services in scope': async (world) => {
    const sent: string[] = []
    const worker = await world.run<SimpleWorker>(0, { send: (to: string) => sent.push(to) })
    await world.run(1, { queue: world.open('mail') })
    await worker.work(BURST)
    expect(sent).toEqual(['ada@example.com'])
  },

  'concurrency: 50': async (world) => {
    const file = await notesFile()
    const queue = world.open('mail')
    await queue.enqueueMany(Array.from({ length: TOGETHER }, () => Queue.prepareData(meet, [file, TOGETHER])))
    await (await world.run<Worker>()).work(BURST)
    expect((await queue.counts()).finished).toBe(TOGETHER)
  },

  'worker.pause(), resume(), worker.concurrency = 8': async (world) => {
    const worker = new Worker('mail', { horse: 'inline' })
    const job = await world.open('mail').enqueue(f, [1, 2])
    await world.run(0, { worker })
    await worker.work(BURST)
    expect(await job.getStatus()).toBe('queued')
    await world.run(1, { worker })
    await world.run(2, { worker })
    const file = await notesFile()
    await world.open('mail').enqueueMany(Array.from({ length: 8 }, () => Queue.prepareData(meet, [file, 8])))
    await worker.work(BURST)
    expect((await world.open('mail').counts()).finished).toBe(9)
  },

  'sandboxed processors, useWorkerThreads': async (world) => {
    const byDefault = await world.open('mail').enqueue(pid)
    await new Worker('mail').work(BURST)
    expect(await byDefault.result()).not.toBe(process.pid)
    const inThread = await world.open('mail').enqueue(pid)
    await (await world.run<Worker>()).work(BURST)
    expect(await inThread.result()).toBe(process.pid)
  },

  'stalled jobs, maxStalledCount: 0 or 1': async (world) => {
    const queue = world.open('mail')
    const lose = async (file: string) => {
      const job = await queue.enqueue(endSecondRun, [file])
      const worker = world.startCli('worker', 'mail')
      await eventually(async () => expect(await linesOf(file)).toHaveLength(1))
      worker.kill('SIGKILL')
      await worker.exited
      await endLeases(world, 'mail')
      return job
    }
    const failed = await lose(await notesFile())
    await new Worker('mail').work(BURST)
    expect(await failed.getStatus()).toBe('failed')
    const again = await lose(await notesFile())
    await (await world.run<Worker>()).work(BURST)
    expect(await again.result()).toBe('second')
  },

  'lockDuration, stalledInterval': async (world) => {
    const [file, begun] = [await notesFile(), await notesFile()]
    const job = await world.open('mail').enqueue(blockUntil, [file, begun])
    const worker = await world.run<Worker>()
    const left = worker.work(BURST)
    await eventually(async () => expect(await linesOf(begun)).toHaveLength(1))
    const firstEndMs = await leaseEndMs(world, 'mail')
    expect(firstEndMs).toBeLessThanOrEqual((await world.nowMs()) + 15_000)
    await eventually(async () => expect(await leaseEndMs(world, 'mail')).toBeGreaterThan(firstEndMs))
    await writeFile(file, '')
    await left
    expect((await job.results()).map(({ type }) => type)).toEqual(['successful'])
  },

  "worker.on('failed', ...)": async (world) => {
    const told: unknown[] = []
    await world.open('mail').enqueue(fail)
    const worker = await world.run<Worker>(0, { notify: (...facts: unknown[]) => told.push(facts) })
    await worker.work(BURST)
    expect(told).toEqual([[[], expect.stringContaining('out of paper')]])
  },

  'a loop around worker.getNextJob() that looks at the machine': async (world) => {
    let isCalm = false
    let asked = 0
    const look = () => {
      asked++
      return isCalm
    }
    const worker = await world.run<Worker>(0, { isCalm: look })
    const left = worker.work({ withScheduler: false })
    world.keep(worker, async () => {
      await worker.stop()
      await left
    })
    const job = await world.open('mail').enqueue(f, [1, 2])
    await eventually(() => expect(asked).toBeGreaterThan(1))
    expect(await job.getStatus()).toBe('queued')
    isCalm = true
    expect(await job.result({ timeout: '1m' })).toBe(3)
  },

  'worker.close()': async (world) => {
    await world.run()
    const [file, begun] = [await notesFile(), await notesFile()]
    const job = await world.open('mail').enqueue(blockUntil, [file, begun])
    const worker = world.start(0, 'mail')
    // A worker that stops before a job has begun gives it back, also when it has claimed it.
    await eventually(async () => expect(await linesOf(begun)).toHaveLength(1))
    worker.kill('SIGTERM')
    await worker.output(/warm|finish|running/i)
    await writeFile(file, '')
    expect(await worker.exited).toMatchObject({ code: 0 })
    expect(await job.getStatus()).toBe('finished')
  },

  'connection: { maxRetriesPerRequest: null }': async (world) => {
    const { hostname, port } = new URL(world.url)
    const connection = { host: hostname, port: Number(port), maxRetriesPerRequest: 3 }
    const job = await world.open('mail', { connection }).enqueue(f, [1, 2])
    await new Worker('mail', { connection }).work(BURST)
    expect(await job.result()).toBe(3)
  },

  'Bull Board': async (world) => {
    const job = await world.queue.enqueue(f, [1, 2])
    expect(await world.client.smembers('rq:queues')).toEqual(['rq:queue:low'])
    expect(await world.client.lrange('rq:queue:low', 0, -1)).toEqual([job.id])
    expect(await world.client.hget(`rq:job:${job.id}`, 'status')).toBe('queued')
  },
}
