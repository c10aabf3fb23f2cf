import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { invalidOption } from '@rq/core'
import type { StorageSource } from '../inside-horse/protocol.ts'
import { type QueueLike, queueNames, type WorkerOptions } from '../options.ts'
import type { WorkOptions } from '../worker.ts'

/** What of a worker's options can be told to another process. */
export type MemberOptions = Omit<
  WorkerOptions,
  'storage' | 'name' | 'functions' | 'logger' | 'clock' | 'workHorseKilledHandler' | 'horseStorage' | 'leaseStorage'
>

/** Everything a member needs to be a worker. Survives `JSON.stringify`. */
export interface MemberSetup {
  readonly queues: readonly string[]
  /** Makes the member's storage. */
  readonly storage: StorageSource
  /** Makes the storage of its horses. */
  readonly horseStorage?: StorageSource
  readonly worker: MemberOptions
  readonly work: Pick<WorkOptions, 'dequeueStrategy'>
  readonly name: string
  readonly burst: boolean
  /** Whether the pool wants to be told what the member logs. */
  readonly isLogging: boolean
}

/** Runs from source use the built member: a child process has no loader for TypeScript. */
const ENTRY = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../dist/worker-pool/pool-worker-main.js' : './pool-worker-main.js',
    import.meta.url,
  ),
)

/** Start a member. Its settings, which may hold a password, go over the pipe. */
export function forkMember(setup: MemberSetup): ChildProcess {
  const child = fork(ENTRY, [], { execArgv: ['--enable-source-maps'] })
  child.on('error', () => {})
  child.send(setup, () => {})
  return child
}

/**
 * The names of queues, and options that survive the way to another process.
 * @throws RqError `RQ_INVALID_OPTION` for names that are none, and for functions and objects that do not survive.
 */
export function checkMember(queues: QueueLike | readonly QueueLike[], options: MemberOptions): readonly string[] {
  for (const [name, value] of Object.entries(options)) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (values.some((one) => typeof one === 'function')) {
      throw invalidOption(name, value, "a reference ('./module#export'): the workers of a pool are other processes")
    }
  }
  return queueNames(queues)
}
