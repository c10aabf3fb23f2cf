import type { JobRecord } from '@rq/job'

/** A lower limit counts as this one. */
const LEAST_BYTES = 1024 ** 2

/** A copy of a record for a reader that takes payloads of at most `largestBytes`. */
export function shownRecord(record: JobRecord, largestBytes: number): JobRecord {
  const shown = { ...record }
  for (const field of ['data', 'meta', 'result'] as const) {
    const payload = shown[field]
    if (payload === undefined) continue
    const bytes = Buffer.byteLength(payload)
    if (bytes <= Math.max(largestBytes, LEAST_BYTES)) continue
    shown.leftOut = { ...shown.leftOut, [field]: bytes }
    if (field === 'data') shown.data = ''
    else delete shown[field]
  }
  return shown
}
