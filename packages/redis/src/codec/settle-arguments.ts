import { DEFAULT_FAILURE_TTL_S, type Settlement } from '@rq/job'
import type { ScriptArgument } from '../connection/script.ts'
import type { Packable, PackableTable } from './message-pack.ts'
import { encodeResult } from './result-codec.ts'
import { formatTime } from './time.ts'

/**
 * Settlements as settle.lua reads them; the header of that script is the contract. `configured`: queues that may have
 * limits.
 */
export function encodeSettlements(
  settlements: readonly Settlement[],
  workerName: string,
  configured: ReadonlySet<string>,
): Packable[] {
  const list: Packable[] = configured.size === 0 ? [] : configuredOf(settlements, configured)
  let group: Settlement | undefined
  let countAt = 0
  let count = 0
  for (const settlement of settlements) {
    if (!isPlainSuccess(settlement)) {
      group = undefined
      pushSettlement(list, settlement, workerName)
      continue
    }
    const { queue, keepS, hint = 0, jobId, executionId, endedAtMs, startedAtMs, result } = settlement
    if (group?.queue !== queue || group.keepS !== keepS || (group.hint ?? 0) !== hint) {
      group = settlement
      count = 0
      countAt = list.push(false, queue, keepS, hint, 0) - 1
    }
    list.push(jobId, executionId, formatTime(startedAtMs), formatTime(endedAtMs), result?.returnValue ?? false)
    list[countAt] = ++count
  }
  return list
}

/** Those of the queues of the settlements that are configured, after how many these are; empty if none is. */
function configuredOf(settlements: readonly Settlement[], configured: ReadonlySet<string>): Packable[] {
  const queues = new Set(settlements.map(({ queue }) => queue).filter((queue) => configured.has(queue)))
  return queues.size === 0 ? [] : [queues.size, ...queues]
}

/** Whether the job ended as most do: it has finished, is kept, and has nothing but a return value. */
function isPlainSuccess(settlement: Settlement): boolean {
  return (
    settlement.to === 'finished' &&
    settlement.keepS !== 0 &&
    settlement.dialect === 'hash' &&
    settlement.releases === 'all' &&
    settlement.result?.type === 'successful' &&
    !settlement.executionRecorded &&
    !settlement.hasDependencies &&
    settlement.rateLimitKey === undefined &&
    settlement.groupId === undefined &&
    settlement.freesKey === undefined &&
    settlement.changes.repeatsDone === undefined &&
    settlement.changes.returnedMs === undefined
  )
}

function pushSettlement(list: Packable[], settlement: Settlement, workerName: string): void {
  const { jobId, executionId, queue, to, startedAtMs, endedAtMs, keepS, counts, releases, result } = settlement
  // The value of a job that is not kept travels to those who wait for it, in either dialect.
  const hasValue = isInHash(settlement) || (to === 'finished' && keepS === 0)
  const value = hasValue ? result?.returnValue : undefined
  list.push(true, jobId, executionId, queue, to, formatTime(startedAtMs), formatTime(endedAtMs))
  list.push(keepS, counts, releases, value ?? false, extraOf(settlement, workerName))
}

/** A success goes into the job's hash where the dialect allows it, any other result into the stream. */
function isInHash({ result, dialect }: Settlement): boolean {
  return result?.type === 'successful' && dialect === 'hash'
}

/** What most settlements do not have, by name. */
function extraOf(settlement: Settlement, workerName: string): PackableTable {
  const { to, keepS, result } = settlement
  const runsAgain = to === 'queued' || to === 'scheduled'
  const hasEntry = result !== undefined && !isInHash(settlement) && (to !== 'finished' || keepS !== 0)
  const fields = changedFields(settlement)
  return {
    fields: fields.length === 0 ? undefined : fields,
    entry: hasEntry ? encodeResult(settlement, workerName) : undefined,
    entryKeepS: hasEntry ? (runsAgain ? DEFAULT_FAILURE_TTL_S : keepS) : undefined,
    front: settlement.front || undefined,
    delayMs: to === 'scheduled' ? settlement.delayMs : undefined,
    ttlS: runsAgain ? settlement.ttlS : undefined,
    isUnlisted: settlement.unlisted || undefined,
    hasRecord: settlement.executionRecorded || undefined,
    hasDependencies: settlement.hasDependencies || undefined,
    group: settlement.groupId,
    rateLimit: settlement.rateLimitKey,
    key: settlement.freesKey,
  }
}

function changedFields({ changes }: Settlement): ScriptArgument[] {
  const { abandonedCount, retriesLeft, retryMax, numberOfRetries, repeatsLeft, repeatsDone } = changes
  const { returnedMs, returnForMs } = changes
  const fields: ScriptArgument[] = []
  if (retriesLeft !== undefined) fields.push('retries_left', retriesLeft)
  if (retryMax !== undefined) fields.push('retry_max', retryMax)
  if (numberOfRetries !== undefined) fields.push('number_of_retries', numberOfRetries)
  if (repeatsLeft !== undefined) fields.push('repeats_left', repeatsLeft)
  if (repeatsDone !== undefined) fields.push('repeats_done', repeatsDone)
  if (abandonedCount !== undefined) fields.push('abandoned_count', abandonedCount)
  if (returnedMs !== undefined) fields.push('returned_ms', returnedMs)
  if (returnForMs !== undefined) fields.push('return_for_ms', returnForMs)
  return fields
}
