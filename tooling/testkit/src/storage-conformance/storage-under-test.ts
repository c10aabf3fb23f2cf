import type { JobStatus, Storage } from '@rq/job'
import { MoveWatch } from './move-watch.ts'

/** A storage of one test, empty, closed at the end of the test's scope. */
export interface StorageUnderTest extends AsyncDisposable {
  readonly storage: Storage
  /** A second client of the same storage. */
  another(): Storage
  /** A pipeline as the storage takes it. Its steps take place at `exec`. */
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
