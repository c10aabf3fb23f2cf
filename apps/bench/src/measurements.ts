import type { Step } from './step.ts'
import type { JobPayload, WorkerKind } from './subject.ts'

/** A measurement: its steps on a fresh Redis, and the figures to show. */
export interface Measurement {
  readonly name: string
  readonly what: string
  /** The steps in order, each in its own process. The last one gives the figures. */
  readonly steps: (share: number) => readonly Step[]
  /** The figures to show. Default: all. */
  readonly show?: readonly string[]
  /** Arguments of redis-server. */
  readonly redis?: readonly string[]
  /** Delay of every reply of Redis, in milliseconds. */
  readonly networkMs?: number
  /** Also measure the bytes of Redis per job after each step. */
  readonly memory?: readonly (string | undefined)[]
  /** Takes long: it runs only when asked for by name, only ours, and only in the first round. */
  readonly onRequest?: boolean
  /** Measured only to compare with the nearest of the others, unless they are asked for by name. */
  readonly nearestOnly?: boolean
}

/** The figures for which more is better. For all others less is better. */
export const MORE_IS_BETTER: ReadonlySet<string> = new Set(['rate'])

const UNITS: Readonly<Record<string, string>> = {
  rate: '/s',
  redisUs: 'us',
  postgresUs: 'us',
  mainUs: 'us',
  childUs: 'us',
  cpuUs: 'us',
  rssMb: 'MB',
  rssGrowthMb: 'MB',
  waitingBytes: 'B',
  finishedBytes: 'B',
}

/** Figures in the order in which they are shown. */
export function inOrder(figures: Iterable<string>): string[] {
  const order = Object.keys(UNITS)
  const place = (figure: string) => (order.includes(figure) ? order.indexOf(figure) : order.length)
  return [...new Set(figures)].sort((a, b) => place(a) - place(b))
}

export function unitOf(figure: string): string {
  return UNITS[figure] ?? 'ms'
}

/** CPU time per job: of the server, of the process of the worker or producer, of its children, and all of it. */
const CPU = ['redisUs', 'postgresUs', 'mainUs', 'childUs', 'cpuUs'] as const
const INLINE = ['rate', ...CPU].filter((name) => name !== 'childUs')
const CLOCK_MS = 2500
const TINY: JobPayload = 1

interface Work {
  readonly kind?: WorkerKind
  readonly at: number
  readonly jobs?: number
  readonly backlog?: number
  readonly payload?: JobPayload
}

/** The share of the jobs that end before the clock starts: of those of the fastest, but not most of them. */
const WARM_UP = 0.15
const MOST_WARM_UP = 0.3

function work({ kind = 'inline', at, jobs = 60_000, backlog = 0, payload = TINY }: Work): Measurement['steps'] {
  return (share) => {
    const total = Math.round(jobs * share)
    return [
      { do: 'fill', jobs: total + backlog, payload },
      {
        do: 'process',
        kind,
        concurrency: at,
        from: Math.round(Math.min(jobs * WARM_UP, total * MOST_WARM_UP)),
        to: Math.round(total * 0.97),
        longestMs: CLOCK_MS,
      },
    ]
  }
}

function enqueue(how: 'one' | 'concurrent' | 'bulk', jobs: number): Measurement['steps'] {
  return (share) => [{ do: 'enqueue', how, jobs: Math.max(1000, Math.round((jobs * share) / 1000) * 1000) }]
}

const inline: Measurement[] = [1, 10, 50, 200].map((at) => ({
  name: `process-${at}`,
  what: `no-op jobs, ${at} at a time in the worker's event loop`,
  steps: work({ at, jobs: at === 1 ? 25_000 : 60_000 }),
  show: INLINE,
  nearestOnly: at === 10 || at === 200,
}))

const isolated: Measurement[] = (['process', 'thread'] as const).flatMap((kind) =>
  [1, 2, 4].map((at) => ({
    name: `isolated-${kind}-${at}`,
    what: `no-op jobs in ${at} ${kind === 'process' ? 'child process(es)' : 'thread(s)'}`,
    steps: work({ kind, at, jobs: 40_000 }),
    show: ['rate', ...CPU],
    nearestOnly: kind === 'thread' || at === 4,
  })),
)

const growth: Measurement[] = [
  ['1k', 1000],
  ['100k', 100_000],
  ['1m', 1_000_000],
].map(([label, backlog]) => ({
  name: `growth-${label}`,
  what: `process-50 with ${label} more jobs waiting`,
  steps: work({ at: 50, backlog: Number(backlog), jobs: 40_000 }),
  show: INLINE,
  onRequest: true,
}))

const MEASUREMENTS: readonly Measurement[] = [
  { name: 'enqueue-one', what: 'one producer, each call awaited', steps: enqueue('one', 8000), show: INLINE },
  { name: 'enqueue-concurrent', what: '1000 calls at once', steps: enqueue('concurrent', 40_000), show: INLINE },
  { name: 'enqueue-bulk', what: 'lists of 1000', steps: enqueue('bulk', 60_000), show: INLINE },
  ...inline,
  ...isolated,
  { name: 'latency', what: 'an idle worker, one job at a time', steps: () => [{ do: 'latency', samples: 300 }] },
  {
    name: 'schedule',
    what: 'lateness of 1000 scheduled jobs over 10 s, an idle worker',
    steps: () => [{ do: 'schedule', jobs: 1000, spreadMs: 10_000 }],
  },
  {
    name: 'memory',
    what: 'bytes of Redis per job, over 100,000',
    steps: (share) => {
      const jobs = Math.round(100_000 * share)
      return [
        { do: 'fill', jobs, payload: TINY },
        { do: 'process', kind: 'inline', concurrency: 50, from: 0, to: jobs },
      ]
    },
    memory: ['waitingBytes', 'finishedBytes'],
    show: ['waitingBytes', 'finishedBytes'],
  },
  {
    name: 'payload-100',
    what: 'process-50 with payloads of 100 bytes',
    steps: work({ at: 50, payload: 'x'.repeat(100) }),
    show: INLINE,
    nearestOnly: true,
  },
  {
    name: 'payload-10k',
    what: 'process-50 with payloads of 10 kilobytes',
    steps: work({ at: 50, jobs: 15_000, payload: 'x'.repeat(10_000) }),
    show: INLINE,
    nearestOnly: true,
  },
  {
    name: 'aof',
    what: 'process-50 with the append-only file, everysec',
    steps: work({ at: 50 }),
    redis: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
    show: ['rate'],
    nearestOnly: true,
  },
  {
    name: 'slow-enqueue-one',
    what: 'enqueue-one with 1 ms of network',
    steps: enqueue('one', 1000),
    networkMs: 1,
    show: ['rate'],
    nearestOnly: true,
  },
  {
    name: 'slow-process-1',
    what: 'process-1 with 1 ms of network',
    steps: work({ at: 1, jobs: 10_000 }),
    networkMs: 1,
    show: ['rate'],
    nearestOnly: true,
  },
  {
    name: 'slow-process-50',
    what: 'process-50 with 1 ms of network',
    steps: work({ at: 50 }),
    networkMs: 1,
    show: ['rate'],
    nearestOnly: true,
  },
  ...growth,
  {
    name: 'due-100k',
    what: '100,000 jobs due at once, moved into their queue',
    steps: () => [{ do: 'due', jobs: 100_000 }],
    show: ['rate', 'longestMs', ...CPU],
    onRequest: true,
  },
  {
    name: 'rss',
    what: 'memory of a worker over 1,000,000 jobs, from the 200,000th',
    steps: (share) => {
      const jobs = Math.round(1_000_000 * share)
      return [
        { do: 'fill', jobs, payload: TINY },
        { do: 'process', kind: 'inline', concurrency: 50, from: Math.round(jobs / 5), to: jobs },
      ]
    },
    show: ['rssMb', 'rssGrowthMb'],
    onRequest: true,
  },
]

/**
 * The measurements with one of these names, or with a name that begins with one (`process`: `process-1`, `process-10`,
 * ...).
 * @throws Error for a name that selects none.
 */
export function select(names: readonly string[]): readonly Measurement[] {
  if (names.length === 0) return MEASUREMENTS.filter(({ onRequest }) => onRequest !== true)
  if (names.includes('all')) return MEASUREMENTS
  const isMeant = (name: string, wanted: string) => name === wanted || name.startsWith(`${wanted}-`)
  for (const wanted of names) {
    if (!MEASUREMENTS.some(({ name }) => isMeant(name, wanted))) {
      throw new Error(`No such measurement: ${wanted}. There are ${MEASUREMENTS.map(({ name }) => name).join(', ')}.`)
    }
  }
  return MEASUREMENTS.filter(({ name }) => names.some((wanted) => isMeant(name, wanted)))
}
