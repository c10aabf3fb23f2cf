import { DEFAULT_FAILURE_TTL_S, type Settlement } from '@rq/job'
import { encodeResult } from './result-codec.ts'
import type { ScriptArgument } from './script.ts'
import { formatTime } from './time.ts'

/** Append one settlement as settle.lua reads it; the script's header is the contract. */
export function pushSettlement(args: ScriptArgument[], settlement: Settlement, workerName: string): void {
  const { to, keepS, result } = settlement
  const fields: ScriptArgument[] = []
  const { retriesLeft, numberOfRetries, repeatsLeft, repeatsDone } = settlement.changes
  if (retriesLeft !== undefined) fields.push('retries_left', retriesLeft)
  if (numberOfRetries !== undefined) fields.push('number_of_retries', numberOfRetries)
  if (repeatsLeft !== undefined) fields.push('repeats_left', repeatsLeft)
  if (repeatsDone !== undefined) fields.push('repeats_done', repeatsDone)

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
  args.push(settlement.jobId, settlement.executionId, settlement.queue, to, keepS, flags)
  args.push(formatTime(settlement.endedAtMs), formatTime(settlement.startedAtMs), fields.length, ...fields, ...extras)
}
