import type { JobStatus, Storage } from '@rq/job'
import { MoveWatch } from './move-watch.ts'

/** An empty storage for one test, closed at the end of its scope. */
export interface StorageUnderTest extends AsyncDisposable {
  readonly storage: Storage
  /** Opens a second client of the same store. */
  another(): Storage
  /** Makes a pipeline of the kind that the storage takes. */
  pipeline(): { exec(): unknown }
}

export type OpenStorage = () => Promise<WatchedStorage>

/** A storage under test whose jobs are watched: a call that makes a move that `LEGAL_MOVES` does not list fails. */
interface WatchedStorage extends StorageUnderTest {
  /** The moves seen so far: `queued -> started`. */
  readonly moves: ReadonlySet<string>
}

export function watchMoves(open: () => Promise<StorageUnderTest>): OpenStorage {
  return async () => {
    const test = await open()
    const watch = new MoveWatch(test.storage)
    return {
      storage: watch.watched(test.storage),
      another: () => watch.watched(test.another()),
      pipeline: () => test.pipeline(),
      moves: watch.seen,
      [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
    }
  }
}

export async function statusOf(storage: Storage, ...ids: string[]): Promise<(JobStatus | undefined)[]> {
  return (await storage.jobs.fetch(ids)).map((job) => job?.status)
}
