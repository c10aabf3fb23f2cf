import { type Logger, silentLogger } from '@rq/core'
import { defineJobs } from '@rq/jobs'
import { eventually } from '@rq/testkit'
import { TestStorage } from '@rq/testkit/memory-storage'
import { newJob, newWorker } from '@rq/testkit/storage-conformance'
import { expect, test, vi } from 'vitest'
import { JobNames } from './job-names.ts'
import type { WorkerOptions } from './options.ts'
import { Worker } from './worker.ts'

const RULE = { everyS: 60, catchUp: 'skip', overlap: 'allow' } as const

/** A store in which a schedule of the queue `default` enqueues `report`, and a worker of it knows `clean`. */
async function storeInUse(): Promise<TestStorage> {
  const store = new TestStorage()
  await store.recurring.write(
    {
      ...{ name: 'nightly', revision: 'r', rule: RULE, queue: 'default', digest: 'd', funcName: 'report' },
      ...{ template: newJob().record, atFront: false, createdAtMs: 1, changedAtMs: 1 },
      ...{ anchorMs: 0, nextMs: 4e12, count: 0 },
    },
    undefined,
  )
  const other = newWorker({ name: 'other' })
  await store.workers.register(other, 60_000)
  await store.workers.showJobNames(other, { names: ['clean'], more: 0 })
  return store
}

/** What a worker warns of, and how often it read which names are in use. It stops when `hasEnded`. */
async function startedWorker(
  store: TestStorage,
  options: Partial<WorkerOptions>,
  hasEnded: (reads: number) => boolean,
) {
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: (line) => void warnings.push(line), child: () => logger }
  let reads = 0
  store.onCall = async (call, run) => {
    const answer = await run()
    if (call.name === 'workers.namesInUse') reads++
    return answer
  }
  const settings = { storage: store, serializer: 'json', horse: 'inline', processTitle: false } as const
  const worker = new Worker('default', { ...settings, logger, ...options } as WorkerOptions)
  const working = worker.work()
  await eventually(() => hasEnded(reads))
  await worker.stop()
  await working
  return { warnings: warnings.filter((line) => line.includes('does not know')), reads }
}

const functions = { sendMail: () => {} }

test('a worker says once which names of its queue it lacks', async () => {
  const store = await storeInUse()
  const { reads, warnings } = await startedWorker(store, { functions }, (reads) => reads > 0)
  expect(reads).toBe(1)
  expect(warnings).toEqual([
    'This worker does not know jobs that its queues use: report (schedule nightly of the queue default), clean (worker other of the queue default). Here they fail. Add them to its jobs, or serve these queues with workers that know them',
  ])
})

test('a worker of inline horses says it of the names of the option jobs, too', async () => {
  const store = await storeInUse()
  const jobs = defineJobs({ sendMail: { run() {} }, report: { run() {} } }, { storage: store })
  const { reads, warnings } = await startedWorker(store, { jobs }, (reads) => reads > 0)
  expect(reads).toBe(1)
  expect(warnings).toEqual([expect.stringContaining('its queues use: clean (worker other of the queue default).')])
})

test('a worker that knows them says nothing', async () => {
  const knows = { functions: { ...functions, report: () => {}, clean: () => {} } }
  const { warnings } = await startedWorker(await storeInUse(), knows, (reads) => reads > 0)
  expect(warnings).toEqual([])
})

test('a worker without names does not look', async () => {
  const store = await storeInUse()
  const id = store.enqueue('none')
  const { reads } = await startedWorker(store, {}, () => store.status(id) === 'failed')
  expect(reads).toBe(0)
})

test('a worker starts, and runs its jobs, when the names cannot be read', async () => {
  const store = await storeInUse()
  const id = store.enqueue('sendMail')
  vi.spyOn(store.data.recurring, 'values').mockImplementation(() => {
    throw new Error('no names')
  })
  const { warnings } = await startedWorker(store, { functions }, () => store.status(id) === 'finished')
  expect(warnings).toEqual([])
})

test('compares once, and writes only names that are new, when each lane reports its jobs', async () => {
  const store = await storeInUse()
  const worker = newWorker()
  const names = new JobNames({
    ...{ store: store.workers, worker, functions: [], horsesReport: true, returnsUnknown: false, logger: silentLogger },
  })
  const calls: string[] = []
  store.onCall = (call, run) => {
    calls.push(call.name)
    return run()
  }
  const { signal } = new AbortController()
  names.start(signal)
  expect(calls).toEqual([])
  names.report(['sendMail'], signal)
  names.report(['sendMail'], signal)
  names.report(['later'], signal)
  expect(calls.sort()).toEqual(['workers.namesInUse', 'workers.showJobNames', 'workers.showJobNames'])
})
