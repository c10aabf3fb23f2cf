import { describeClaimAndSettle } from './claim-and-settle.ts'
import { describeCrons } from './crons.ts'
import { describeEnqueue } from './enqueue.ts'
import { describeGoneDependencies } from './gone-dependencies.ts'
import { describeJobs } from './jobs.ts'
import { describeLeases } from './leases.ts'
import { describeMessages } from './messages.ts'
import { describeMoves } from './moves.ts'
import { describeNewestJobs } from './newest-jobs.ts'
import { describeRateLimits } from './rate-limits.ts'
import { describeRecurring } from './recurring.ts'
import { describeResults } from './results.ts'
import { describeSchedules } from './schedules.ts'
import { type StorageUnderTest, watchMoves } from './storage-under-test.ts'
import { describeUniqueKeys } from './unique-keys.ts'
import { describeWholeQueues } from './whole-queues.ts'
import { describeWorkerRecords } from './worker-records.ts'

export { claimRequest, end, newJob, newWorker, RAISED, RETURNED, rescue, workOff } from './job-steps.ts'
export type { StorageUnderTest } from './storage-under-test.ts'

/**
 * What every storage engine must do, whatever it is built on. Call it in a test file of the engine:
 * `describeStorage('RedisStorage', open)`.
 */
export function describeStorage(name: string, openUnwatched: () => Promise<StorageUnderTest>): void {
  const open = watchMoves(openUnwatched)
  describeEnqueue(name, open)
  describeClaimAndSettle(name, open)
  describeGoneDependencies(name, open)
  describeLeases(name, open)
  describeWorkerRecords(name, open)
  describeJobs(name, open)
  describeMessages(name, open)
  describeRateLimits(name, open)
  describeResults(name, open)
  describeSchedules(name, open)
  describeCrons(name, open)
  describeRecurring(name, open)
  describeUniqueKeys(name, open)
  describeNewestJobs(name, open)
  describeWholeQueues(name, open)
  describeMoves(name, open)
}
