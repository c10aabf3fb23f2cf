import { fileURLToPath } from 'node:url'
import { findPythonFaults, type OwnRedis, ownClient, type SpawnedProcess, spawnNode, startRedis } from '@rq/testkit'
import type { Redis } from 'ioredis'
import { Queue, type QueueOptions, Worker, type WorkerOptions, type WorkerQueues } from 'rq'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { findPython } from '../../../scripts/python.mjs'
import {
  PythonAgent,
  type PythonProcess,
  type PythonWorkerOptions,
  startPythonCli,
  startPythonWorker,
} from './python.ts'

/** The folder of the job functions of both languages. */
const FUNCTIONS = fileURLToPath(new URL('../functions', import.meta.url))
const WORKER_SCRIPT = new URL('./worker-process.js', import.meta.url)

export const python = await findPython()

/** Returns a title for tests that need Python RQ, with its version, or with the reason why they are skipped. */
export function withPython(title: string): string {
  return python === undefined ? `${title} (skipped: no Python RQ here)` : `${title} (RQ ${python.version})`
}

/**
 * A Redis server with Python RQ and rq on it. Python RQ has no key prefix, so every site starts a server of its own;
 * the tests of a file share it, and use queues with different names ({@link withSite}).
 */
export interface Site extends AsyncDisposable {
  readonly redis: OwnRedis
  readonly client: Redis
  /** Run Python code with RQ's classes and the helpers of python/agent.py. Returns the value of its last expression. */
  py<T = unknown>(code: string, names?: Readonly<Record<string, unknown>>): Promise<T>
  /** Makes a queue that Python can read: JSON, results in the stream. Closed with the site. */
  queue(name: string, options?: QueueOptions): Queue
  /** Makes a worker of ours in this process, with horses. Stopped with the site. */
  worker(queues: WorkerQueues, options?: WorkerOptions): Worker
  /** Starts a worker of ours in a separate process, which a test can kill. Resolves when it has started. */
  workerProcess(queues: string | readonly string[], options?: WorkerProcessOptions): Promise<SpawnedProcess>
  /** Starts a worker of Python RQ. */
  pythonWorker(queues: string | readonly string[], options?: Partial<PythonWorkerOptions>): PythonProcess
  /** Starts RQ's command line: `rq ARGS`. */
  pythonCli(...args: string[]): PythonProcess
  /** Returns what Python cannot read, by the rules of its wire format and by reading everything with RQ's classes. */
  unreadable(): Promise<string[]>
}

interface WorkerProcessOptions {
  readonly name?: string
  readonly withScheduler?: boolean
}

let serial = 0

/**
 * Open a site before the tests of a `describe`, and dispose of it after them. When a test failed and is repeated, it
 * gets a new site: none of the keys, jobs, workers and locks of the first attempt are in its way.
 */
export function withSite(use: (site: Site) => void): void {
  let site: Site | undefined
  const dispose = async () => {
    const old = site
    site = undefined
    await old?.[Symbol.asyncDispose]()
  }
  const open = async () => {
    await dispose()
    site = await openSite()
    use(site)
  }
  beforeAll(open)
  beforeEach(async ({ task }) => {
    if ((task.result?.retryCount ?? 0) > 0) await open()
  })
  afterAll(dispose)
}

/** The score of a lease is its end by our time plus this: only then it has ended for Python. */
const PYTHON_SLACK_MS = 60_000

/**
 * Let the leases of a queue end now, for Python too, or at a time by ours: a worker that a test kills can have leases
 * of the usual length, which a busy machine does not lose before.
 * @throws Error when there is none.
 */
export async function endLeases({ client }: Site, queue: string, endsMs = 0): Promise<void> {
  const key = `rq:wip:${queue}`
  const members = await client.zrange(key, '0', '-1')
  if (members.length === 0) throw new Error(`Nobody has a lease of a job in ${queue}.`)
  for (const member of members) await client.zadd(key, 'XX', (endsMs + PYTHON_SLACK_MS) / 1000, member)
}

/** For a test of what the tests before it have left: it is not repeated, since nothing of that is in a new site. */
export const ONCE = { retry: 0 } as const

/**
 * Start a Redis server and a Python interpreter on it.
 * @throws Error when there is no Python RQ.
 */
async function openSite(): Promise<Site> {
  if (python === undefined) throw new Error('No Python RQ here.')
  const found = python
  const redis = await startRedis()
  process.env.INTEROP_REDIS_URL = redis.url
  const client = ownClient(redis.url)
  const agent = new PythonAgent(found, redis.url)
  const queues: Queue[] = []
  const workers: Worker[] = []
  const processes: AsyncDisposable[] = [agent]
  const keep = <T extends AsyncDisposable>(started: T): T => {
    processes.push(started)
    return started
  }
  return {
    redis,
    client,
    py: (code, names) => agent.run(code, names),
    queue(name, options = {}) {
      const queue = new Queue(name, { connection: redis.url, serializer: 'json', results: 'stream', ...options })
      queues.push(queue)
      return queue
    },
    worker(names, options = {}) {
      const base = { connection: redis.url, serializer: 'json', importPaths: [FUNCTIONS], processTitle: false }
      const worker = new Worker(names, { ...base, ...options })
      workers.push(worker)
      return worker
    },
    async workerProcess(names, options = {}) {
      const base = { queues: [names].flat(), importPaths: [FUNCTIONS], withScheduler: false }
      const args = [redis.url, JSON.stringify({ ...base, ...options })]
      const worker = keep(spawnNode(WORKER_SCRIPT, args, { env: { INTEROP_REDIS_URL: redis.url } }))
      await worker.output(/started/)
      return worker
    },
    pythonWorker(names, options = {}) {
      const name = options.name ?? `python-${process.pid}-${++serial}`
      return keep(startPythonWorker(found, redis.url, { ...options, name, queues: [names].flat() }))
    },
    pythonCli: (...args) => keep(startPythonCli(found, args)),
    async unreadable() {
      const read = agent.run('read_everything(); []')
      return [...(await findPythonFaults(client)), ...((await read.catch((error) => [String(error)])) as string[])]
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.stop({ force: true })))
      await Promise.all(processes.map((started) => started[Symbol.asyncDispose]()))
      await Promise.all(queues.map((queue) => queue.close()))
      client.disconnect()
      await redis.stop()
    },
  }
}
