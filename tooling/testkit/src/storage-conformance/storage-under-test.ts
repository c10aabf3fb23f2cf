import type { JobStatus, Storage } from '@rq/job'

/** A storage of one test, empty, closed at the end of the test's scope. */
export interface StorageUnderTest extends AsyncDisposable {
  readonly storage: Storage
  /** A second client of the same storage. */
  another(): Storage
}

export type OpenStorage = () => Promise<StorageUnderTest>

export async function statusOf(storage: Storage, ...ids: string[]): Promise<(JobStatus | undefined)[]> {
  return (await storage.jobs.fetch(ids)).map((job) => job?.status)
}
