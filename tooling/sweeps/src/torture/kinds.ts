import { Callback, type EnqueueOptions, RateLimit, Repeat, Retry } from '@rq/job'

/** One kind of job in the mix. */
export interface Kind {
  /** Its relative frequency. */
  readonly share: number
  /** A function of the jobs module. Arguments: the file for notes, the job's id, `ms`. */
  readonly func: string
  readonly ms?: number
  readonly options?: EnqueueOptions
  /** Delay in seconds. Default: none. */
  readonly inS?: number
  /** `returned` = it must run to its end; `broken` = it never does, and fails. */
  readonly ends: 'returned' | 'broken'
  /** How many runs return without faults. */
  readonly runs: number
  /** It depends on a job of kind `plain`, which is enqueued first with the id `<id>-parent`. */
  readonly hasParent?: boolean
  /** How many to enqueue in one call, with the ids `<id>-<n>`. */
  readonly bulk?: number
  /** A callback notes itself as `<id>-success`. */
  readonly hasCallback?: boolean
}

/** A killed horse is a failed attempt, and a job that must run to its end may have many. */
const retry = new Retry({ max: 100 })
/** Long enough for the check at the end of the test, too short to fill the memory. */
const KEPT = { resultTtl: 120, retry } as const
const WHOLE = { func: 'work', ends: 'returned', runs: 1, options: KEPT } as const
const BROKEN = { share: 1, ends: 'broken', runs: 0, options: { resultTtl: 120 } } as const

export const KINDS = {
  plain: { ...WHOLE, share: 24 },
  slow: { ...WHOLE, share: 8, func: 'slow', ms: 600 },
  long: { ...WHOLE, share: 1, func: 'slow', ms: 6000 },
  spin: { ...WHOLE, share: 3, func: 'spin', ms: 100 },
  flaky: { ...WHOLE, share: 6, func: 'failOnce' },
  later: { ...WHOLE, share: 4, func: 'failOnce', options: { ...KEPT, retry: new Retry({ max: 100, interval: 1 }) } },
  scheduled: { ...WHOLE, share: 6, inS: 1 },
  dependent: { ...WHOLE, share: 6, hasParent: true },
  callbacks: {
    ...WHOLE,
    share: 4,
    hasCallback: true,
    options: { ...KEPT, onSuccess: new Callback('./jobs#succeeded') },
  },
  unique: { ...WHOLE, share: 4, options: { ...KEPT, unique: true } },
  limited: {
    ...WHOLE,
    share: 6,
    options: { ...KEPT, rateLimit: new RateLimit({ key: 'torture', concurrency: 3 }) },
  },
  brief: { ...WHOLE, share: 6, options: { ...KEPT, resultTtl: 0 } },
  repeat: { ...WHOLE, share: 3, runs: 3, options: { ...KEPT, repeat: new Repeat({ times: 2 }) } },
  bulk: { ...WHOLE, share: 2, bulk: 8 },
  'exit 0': { ...BROKEN, func: 'exits', ms: 0 },
  'exit 1': { ...BROKEN, func: 'exits', ms: 1 },
  SIGSEGV: { ...BROKEN, func: 'crashes' },
  hangs: { ...BROKEN, func: 'hangs', options: { ...BROKEN.options, jobTimeout: 1 } },
} as const satisfies Readonly<Record<string, Kind>>

export type KindName = keyof typeof KINDS

export const KIND_NAMES = Object.keys(KINDS) as KindName[]

export function kindOf(name: KindName): Kind {
  return KINDS[name]
}
