import { DEFAULT_FAILURE_TTL_S, type Settlement } from '@rq/job'
import type { ScriptArgument } from '../connection/script.ts'
import { encodeResult } from './result-codec.ts'
import { formatTime } from './time.ts'

/** Instead of queue, destination, length of keeping and flags: as the settlement before, with a return value, or without. */
const SAME_WITH_VALUE = '"'
const SAME_WITHOUT_VALUE = ','

/** Append settlements as settle.lua reads them; the script's header is the contract. */
export function pushSettlements(words: ScriptArgument[], settlements: readonly Settlement[], workerName: string): void {
  let before: Settlement | undefined
  for (const settlement of settlements) {
    const isPlain = isPlainSuccess(settlement)
    if (isPlain && before?.queue === settlement.queue && before.keepS === settlement.keepS) {
      pushSame(words, settlement)
    } else {
      pushSettlement(words, settlement, workerName)
      before = isPlain ? settlement : undefined
    }
  }
}

/** What most jobs come to: finished, with no more to it than a return value. */
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
    settlement.changes.repeatsDone === undefined
  )
}

function pushSame(words: ScriptArgument[], { jobId, executionId, endedAtMs, result, startedAtMs }: Settlement): void {
  const value = result?.returnValue
  const same = value === undefined ? SAME_WITHOUT_VALUE : SAME_WITH_VALUE
  words.push(jobId, executionId, same, formatTime(endedAtMs), formatTime(startedAtMs))
  if (value !== undefined) words.push(value)
}

function pushSettlement(words: ScriptArgument[], settlement: Settlement, workerName: string): void {
  const { to, keepS, result } = settlement
  const fields: ScriptArgument[] = []
  const { abandonedCount, retriesLeft, numberOfRetries, repeatsLeft, repeatsDone } = settlement.changes
  if (retriesLeft !== undefined) fields.push('retries_left', retriesLeft)
  if (numberOfRetries !== undefined) fields.push('number_of_retries', numberOfRetries)
  if (repeatsLeft !== undefined) fields.push('repeats_left', repeatsLeft)
  if (repeatsDone !== undefined) fields.push('repeats_done', repeatsDone)
  if (abandonedCount !== undefined) fields.push('abandoned_count', abandonedCount)

  let flags = ''
  const extras: ScriptArgument[] = []
  if (settlement.front) flags += 'f'
  if (settlement.releases === 'all') flags += 'a'
  else if (settlement.releases === 'allow_failure') flags += 't'
  if (settlement.executionRecorded) flags += 'e'
  if (settlement.hasDependencies) flags += 'd'
  if (to === 'scheduled') {
    flags += 's'
    extras.push(settlement.delayMs)
  }
  if (settlement.counts === 'none') flags += 'n'
  if (settlement.unlisted === true) flags += 'u'
  // A success goes into the hash where the dialect allows; whatever else there is to tell goes into the stream.
  const inHash = result?.type === 'successful' && settlement.dialect === 'hash'
  if (inHash) {
    if (result.returnValue !== undefined) fields.push('result', result.returnValue)
  } else if (result !== undefined && (to !== 'finished' || keepS !== 0)) {
    const entry = encodeResult(settlement, workerName)
    flags += 'x'
    extras.push(entry.length, ...entry, to === 'queued' || to === 'scheduled' ? DEFAULT_FAILURE_TTL_S : keepS)
  }
  if (settlement.rateLimitKey !== undefined) {
    flags += 'r'
    extras.push(settlement.rateLimitKey)
  }
  if (settlement.groupId !== undefined) {
    flags += 'g'
    extras.push(settlement.groupId)
  }
  if (settlement.ttlS !== undefined && (to === 'queued' || to === 'scheduled')) {
    flags += 'l'
    extras.push(settlement.ttlS)
  }
  words.push(settlement.jobId, settlement.executionId, settlement.queue, to, keepS, flags)
  words.push(formatTime(settlement.endedAtMs), formatTime(settlement.startedAtMs), fields.length, ...fields, ...extras)
}
