import { fileURLToPath } from 'node:url'
import { findPythonFaults, type OwnRedis, ownClient, type SpawnedProcess, spawnNode, startRedis } from '@rq/testkit'
import type { Redis } from 'ioredis'
import { Queue, type QueueOptions, Worker, type WorkerOptions } from 'rq'
import { findPython } from '../../../scripts/python.mjs'
import {
  PythonAgent,
  type PythonProcess,
  type PythonWorkerOptions,
  startPythonCli,
  startPythonWorker,
} from './python.ts'

/** Where the functions of both languages are. */
const FUNCTIONS = fileURLToPath(new URL('../functions', import.meta.url))
const WORKER_SCRIPT = new URL('./worker-process.js', import.meta.url)

export const python = await findPython()

/** The title of what needs Python RQ; says so where it is not there. */
export function withPython(title: string): string {
  return python === undefined ? `${title} (skipped: no Python RQ here)` : `${title} (RQ ${python.version})`
}

/**
 * One Redis with Python RQ and rq on it. Python RQ knows no prefix, so the server belongs to the site alone; tests of a
 * file share it and keep apart by the names of their queues.
 */
export interface Site extends AsyncDisposable {
  readonly redis: OwnRedis
  readonly client: Redis
  /** Run Python with RQ's classes at hand: see python/agent.py for what there is. */
  py<T = unknown>(code: string, names?: Readonly<Record<string, unknown>>): Promise<T>
  /** A queue of ours that Python works on or reads: JSON, results in the stream. Closed with the site. */
  queue(name: string, options?: QueueOptions): Queue
  /** A worker of ours in this process, horses and all. Stopped with the site. */
  worker(queues: string | readonly string[], options?: WorkerOptions): Worker
  /** A worker of ours in a process of its own, to be killed. Resolves when it has started. */
  workerProcess(queues: string | readonly string[], options?: WorkerProcessOptions): Promise<SpawnedProcess>
  pythonWorker(queues: string | readonly string[], options?: Partial<PythonWorkerOptions>): PythonProcess
  /** RQ's command line. */
  pythonCli(...args: string[]): PythonProcess
  /** What Python cannot read: by the rules of its wire format, and by reading everything with RQ's own classes. */
  unreadable(): Promise<string[]>
}

interface WorkerProcessOptions {
  readonly name?: string
  readonly leaseMs?: number
  readonly withScheduler?: boolean
}

let serial = 0

/** @throws when there is no Python RQ. */
export async function openSite(): Promise<Site> {
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
