/** The argument of a job. Every library stores it as JSON. */
export type JobPayload = number | string

export type WorkerKind = 'inline' | 'process' | 'thread'

interface SessionOptions {
  readonly url: string
  /** The program waits for results, so the library must deliver them. Default false. */
  readonly results?: boolean
}

interface WorkOptions {
  readonly kind: WorkerKind
  /** How many jobs run at once. */
  readonly concurrency: number
  /** Called in each job, with its payload. Only with `inline`. */
  readonly onJob?: (payload: JobPayload) => void
  /** The worker also moves scheduled jobs when they are due. Default false. */
  readonly schedules?: boolean
}

/** A library connected to one Redis. A method is absent if the library cannot do it. */
export interface Session {
  enqueue(payload: JobPayload): Promise<unknown>
  /** Like `enqueue`, for calls that do not wait for each other. Default: `enqueue`. */
  enqueueConcurrently?(payload: JobPayload): Promise<unknown>
  enqueueMany?(payloads: readonly JobPayload[]): Promise<unknown>
  enqueueIn?(delayMs: number, payload: JobPayload): Promise<unknown>
  /** Make all scheduled jobs due. */
  makeAllDue?(): Promise<void>
  /** Move the jobs that are due into their queue, once. Returns how many. */
  moveDue?(): Promise<number>
  /** Enqueue one job, and wait for its return value. */
  call?(payload: JobPayload): Promise<unknown>
  work(options: WorkOptions): Promise<void>
  /** How many jobs have ended. Default: what the key `finished` of the library says. */
  finished?(): Promise<number>
  /** The process of the worker. Default: this one. */
  readonly workerPid?: () => number | undefined
  close(): Promise<void>
}

/** Work that a library of another language does by itself. */
interface Foreign {
  fill(url: string, jobs: number, payload: JobPayload): Promise<void>
  /** Returns how many seconds it took. */
  enqueue(url: string, how: EnqueueHow, jobs: number): Promise<number>
}

export type EnqueueHow = 'one' | 'concurrent' | 'bulk'

export type ServerKind = 'redis' | 'postgres'

/** A library to measure. */
export interface Subject {
  readonly name: string
  /** What it stores its jobs in. Default `redis`. */
  readonly server?: ServerKind
  /** The key that counts finished jobs: a sorted set, a set or a list. Absent if its sessions count them. */
  readonly finished?: { readonly key: string; readonly command: 'zcard' | 'scard' | 'llen' }
  readonly kinds: readonly WorkerKind[]
  /** The settings that differ from its defaults, for the report. */
  readonly settings: string
  /** The installed version; undefined if it is not installed, or its server is not. */
  version(): string | undefined
  /** What it needs beside `pnpm install`. */
  readonly needs?: string
  open(options: SessionOptions): Promise<Session>
  readonly foreign?: Foreign
  /** The share of the jobs to run, smaller for a much slower library. Default 1. */
  readonly share?: number
}

export const QUEUE = 'bench'
