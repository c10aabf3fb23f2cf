import type { Unique } from 'rq'
import { UNIQUE_UNTIL } from 'rq/options'
import { defined } from './defined.ts'
import { text } from './flags.ts'

/** The flags that set the option `unique` to an object. */
export const UNIQUE_FLAGS = {
  'unique-key': text({
    valueName: 'key',
    describe: 'Enqueue only while no other job of the queue holds this key',
    defaultDescription: 'a hash of the call',
  }),
  'unique-until': text({
    valueName: 'until',
    choices: UNIQUE_UNTIL,
    describe: 'How long the job holds its key',
    defaultDescription: 'ended',
  }),
  'unique-for': text({ valueName: 'time', describe: 'Hold the key at least for this time' }),
  'on-duplicate': text({
    valueName: 'what',
    choices: ['return', 'refuse', 'replace'],
    describe: 'What to do while another job holds the key: show it, fail, or delete it and take its place',
    defaultDescription: 'return',
  }),
} as const

interface UniqueFlags {
  readonly uniqueKey?: string | undefined
  readonly uniqueUntil?: string | undefined
  readonly uniqueFor?: string | undefined
  readonly onDuplicate?: string | undefined
}

/** The option that the flags say; undefined without any of them. */
export function uniqueOf({
  uniqueKey: key,
  uniqueUntil: until,
  uniqueFor,
  onDuplicate,
}: UniqueFlags): Unique | undefined {
  const given = defined({ key, until, for: uniqueFor, onDuplicate })
  return Object.keys(given).length === 0 ? undefined : (given as Unique)
}
