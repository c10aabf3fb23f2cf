import { createHash } from 'node:crypto'
import { invalidOption } from '@rq/core'
import { type CheckedUnique, checkUniqueKey, type JobRecord, type NewUniqueKey, type UniqueRecord } from '@rq/job'

/** How many digits of a hash make a key. */
const KEY_LENGTH = 32

/**
 * The unique key of a job that is about to be encoded.
 * @throws RqError `RQ_INVALID_OPTION`, also without a key on a queue with a codec: with a hash of secret arguments a
 *   reader of the store could try them out.
 */
export function uniqueRecord(
  { key, until }: CheckedUnique,
  { data }: Pick<JobRecord, 'data'>,
  args: readonly unknown[],
  isSecret: boolean,
): UniqueRecord {
  if (typeof key === 'string') return { key, until }
  if (key !== undefined) return { key: checkUniqueKey(key(args), 'unique.key'), until }
  if (isSecret) throw invalidOption('unique.key', key, 'a key, since the arguments are encoded: it is stored as it is')
  return { key: createHash('sha256').update(data).digest('hex').slice(0, KEY_LENGTH), until }
}

/** What a store needs of it beside the record. */
export function newUniqueKey({ forMs, onDuplicate }: CheckedUnique): NewUniqueKey {
  return { onDuplicate, ...(forMs !== undefined && { forMs }) }
}
