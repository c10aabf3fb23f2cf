import type { AnyFunction } from '@rq/job'
import {
  Job as BaseJob,
  type Callable,
  type CallRest,
  type CancelOptions,
  type CreateOptions,
  cancelJob as cancel,
  type RequeueOptions,
  type ResultOf,
  requeueJob as requeue,
  type StorageOptions,
} from '@rq/queue'
import { type Connected, type ConnectionOptions, sharedStorage, splitConnection } from './connection.ts'

type JobOptions = Connected<StorageOptions>

/** A handle on one job. `Job.fetch(id, { connection })` and its kin use one connection for each address. */
export class Job<R = unknown> extends BaseJob<R> {
  static override create<F extends AnyFunction>(
    func: Callable<F>,
    ...rest: CallRest<F, Connected<CreateOptions>>
  ): Promise<BaseJob<ResultOf<F>>> {
    const [args, options] = rest as [readonly unknown[] | undefined, Connected<CreateOptions> | undefined]
    return BaseJob.create<F>(func, ...([args ?? [], stored(options ?? {})] as unknown as CallRest<F, CreateOptions>))
  }

  static override fetch<R = unknown>(id: string, options: JobOptions = {}): Promise<BaseJob<R>> {
    return BaseJob.fetch<R>(id, stored(options))
  }

  static override fetchMany<R = unknown>(
    ids: readonly string[],
    options: JobOptions = {},
  ): Promise<(BaseJob<R> | null)[]> {
    return BaseJob.fetchMany<R>(ids, stored(options))
  }

  static override exists(id: string, options: JobOptions = {}): Promise<boolean> {
    return BaseJob.exists(id, stored(options))
  }

  /** Handles that a queue gives are jobs too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof BaseJob
  }
}

/** Take a job out of wherever it waits. @throws as `job.cancel()`. */
export function cancelJob(id: string, options: ConnectionOptions & CancelOptions = {}): Promise<void> {
  return cancel(id, stored(options))
}

/** Put a failed or stopped job back into its queue. @throws as `job.requeue()`. */
export function requeueJob(id: string, options: ConnectionOptions & RequeueOptions = {}): Promise<void> {
  return requeue(id, stored(options))
}

function stored<T extends ConnectionOptions>(options: T) {
  const [connection, rest] = splitConnection(options)
  return { ...rest, storage: sharedStorage(connection) }
}
