/** What a job is called with; every library carries it as JSON. */
export type JobPayload = number | string

export type WorkerKind = 'inline' | 'process' | 'thread'

interface SessionOptions {
  readonly url: string
  /** The program waits for results, so what is needed to hear of them is turned on. Default false. */
  readonly results?: boolean
}

interface WorkOptions {
  readonly kind: WorkerKind
  /** Jobs at once. */
  readonly concurrency: number
  /** Called in each job, with its payload. Only with `inline`. */
  readonly onJob?: (payload: JobPayload) => void
  /** Jobs that are due later are moved on by this worker. Default false. */
  readonly schedules?: boolean
}

/** A library connected to one Redis. What it cannot do is left out. */
export interface Session {
  enqueue(payload: JobPayload): Promise<unknown>
  /** As `enqueue`, for calls that do not wait for each other. Default: the same. */
  enqueueConcurrently?(payload: JobPayload): Promise<unknown>
  enqueueMany?(payloads: readonly JobPayload[]): Promise<unknown>
  enqueueIn?(delayMs: number, payload: JobPayload): Promise<unknown>
  /** Enqueue one job, and wait for what it returns. */
  call?(payload: JobPayload): Promise<unknown>
  work(options: WorkOptions): Promise<void>
  close(): Promise<void>
}

/** What a library of another language does by itself. */
interface Foreign {
  fill(url: string, jobs: number, payload: JobPayload): Promise<void>
  /** Returns the seconds it took. */
  enqueue(url: string, how: EnqueueHow, jobs: number): Promise<number>
}

export type EnqueueHow = 'one' | 'concurrent' | 'bulk'

/** A library to be measured. */
export interface Subject {
  readonly name: string
  /** Where it counts the jobs that have finished: a sorted set, a set or a list. */
  readonly finished: { readonly key: string; readonly command: 'zcard' | 'scard' | 'llen' }
  readonly kinds: readonly WorkerKind[]
  /** What differs from its defaults, for the report. */
  readonly settings: string
  /** Of the package as installed; undefined when it is not. */
  version(): string | undefined
  open(options: SessionOptions): Promise<Session>
  readonly foreign?: Foreign
  /** Fewer jobs do, because it is slower by far. Default 1. */
  readonly share?: number
}

export const QUEUE = 'bench'
