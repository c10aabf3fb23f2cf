import { Callback, type EnqueueOptions, type QueueConfiguration, RateLimit, Repeat, Retry } from '@rq/job'
import { Queue } from '@rq/queue'
import type { RedisStorage } from '@rq/redis'

/** How a job of a scenario ends, undisturbed or after a recovery. `gone` = it is deleted at its end. */
type End = 'finished' | 'failed' | 'canceled' | 'gone'

/** One job of a scenario. */
export interface ScenarioJob {
  readonly id: string
  /** `missing`: there is no such function. */
  readonly func: 'work' | 'slow' | 'talks' | 'failOnce' | 'failAlways' | 'missing'
  readonly options?: EnqueueOptions
  /** Posted to it as soon as it is enqueued; `talks` waits for that. Default: nothing. */
  readonly post?: string
  /** Delay in seconds. Default: none. */
  readonly inS?: number
  /** Or one of several. */
  readonly end: End | readonly End[]
  /** Whether it may also end without a run. Default false. */
  readonly mayNotRun?: boolean
  /** How often it runs without faults. */
  readonly runs: number
  /** The names that its callbacks note, once for each such run. */
  readonly callbacks: readonly string[]
}

export interface Scenario {
  readonly name: string
  readonly jobs: readonly ScenarioJob[]
  /** The lease of the worker that is killed. Default: the default of a worker. */
  readonly leaseMs?: number
  /** Whether workers have a scheduler. Default false. */
  readonly isScheduled?: boolean
  /** Whether workers are paused while each job runs, so that what they have claimed ahead goes back. Default false. */
  readonly pauses?: boolean
  /** How many ended jobs its first queue keeps. Default: no limits. */
  readonly limits?: QueueConfiguration
}

const RATE_LIMIT = new RateLimit({ key: 'limit', concurrency: 1 })
const RETRY = new Retry({ max: 4 })
const SUCCESS = { onSuccess: new Callback('./jobs#succeeded') }
const FAILURE = { onFailure: new Callback('./jobs#failed') }

function job(id: string, options?: EnqueueOptions, rest: Partial<ScenarioJob> = {}): ScenarioJob {
  return { id, func: 'work', end: 'finished', runs: 1, callbacks: [], ...(options && { options }), ...rest }
}

/** A job with each of the options that change its steps. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'plain', jobs: [job('plain')] },
  { name: 'many at once', jobs: Array.from({ length: 12 }, (_, n) => job(`job${n}`)) },
  { name: 'many at once, with pauses', jobs: Array.from({ length: 6 }, (_, n) => job(`paused${n}`)), pauses: true },
  { name: 'slow, with heartbeats', jobs: [job('slow', undefined, { func: 'slow' })], leaseMs: 3000 },
  { name: 'retry', jobs: [job('retry', { retry: RETRY }, { func: 'failOnce', runs: 2 })] },
  { name: 'scheduled', jobs: [job('late', undefined, { inS: 0.1 })], isScheduled: true },
  {
    name: 'retry after a second',
    jobs: [job('later', { retry: new Retry({ max: 4, interval: 1 }) }, { func: 'failOnce', runs: 2 })],
    isScheduled: true,
  },
  {
    name: 'unknown function',
    jobs: [
      job(
        'unknown',
        { ...FAILURE, retry: RETRY },
        { func: 'missing', end: 'failed', runs: 0, mayNotRun: true, callbacks: ['unknown-failure'] },
      ),
    ],
    isScheduled: true,
  },
  { name: 'repeat', jobs: [job('repeat', { repeat: new Repeat({ times: 2 }) }, { runs: 3 })] },
  { name: 'dependent', jobs: [job('parent'), job('child', { dependsOn: 'parent' })] },
  {
    name: 'callbacks',
    jobs: [
      job('good', SUCCESS, { callbacks: ['good-success'] }),
      job('bad', FAILURE, { func: 'failAlways', end: 'failed', callbacks: ['bad-failure'] }),
    ],
  },
  {
    name: 'retry by kind of error',
    jobs: [
      job('again', { retry: { max: 4, on: './jobs#isTransient' } }, { func: 'failOnce', runs: 2 }),
      job('hopeless', { retry: { max: 4, on: './jobs#isTransient' } }, { func: 'failAlways', end: 'failed' }),
    ],
  },
  {
    name: 'callback of the last failure',
    jobs: [
      job(
        'exhausted',
        { retry: 1, onFailure: new Callback('./jobs#failed', { when: 'last' }) },
        { func: 'failAlways', end: 'failed', runs: 2, callbacks: ['exhausted-failure'] },
      ),
    ],
  },
  { name: 'unique', jobs: [job('unique', { unique: true })] },
  {
    name: 'unique keys',
    jobs: [
      job('keyed', { unique: { key: 'a' } }),
      job('keyedBriefly', { unique: { key: 'b', for: '1s' }, resultTtl: 0 }, { end: 'gone' }),
      job('forever', { unique: { key: 'd', until: 'deleted' } }),
      job('retried', { retry: RETRY, unique: { key: 'c', until: 'started' } }, { func: 'failOnce', runs: 2 }),
    ],
  },
  { name: 'rate-limited', jobs: [job('one', { rateLimit: RATE_LIMIT }), job('two', { rateLimit: RATE_LIMIT })] },
  { name: 'messages', jobs: [job('talks', { retry: RETRY }, { func: 'talks', post: 'hello' })] },
  { name: 'resultTtl 0', jobs: [job('brief', { resultTtl: 0 }, { end: 'gone' })] },
  {
    name: 'all of it',
    jobs: [
      job(
        'first',
        { ...SUCCESS, retry: RETRY, rateLimit: RATE_LIMIT },
        { func: 'failOnce', runs: 2, callbacks: ['first-success'] },
      ),
      job('other', { rateLimit: RATE_LIMIT }),
      job('last', { dependsOn: ['first', 'other'], resultTtl: 0 }, { end: 'gone' }),
    ],
  },
]

/** Jobs of one rate limit, which lets one run at a time. */
export const LIMITED_SCENARIOS: readonly Scenario[] = [
  { name: 'rate-limited, three', jobs: ['one', 'two', 'three'].map((id) => job(id, { rateLimit: RATE_LIMIT })) },
  {
    name: 'rate-limited, slow',
    jobs: [job('one', { rateLimit: RATE_LIMIT }, { func: 'slow' }), job('two', { rateLimit: RATE_LIMIT })],
    leaseMs: 3000,
  },
  {
    name: 'rate-limited, retry',
    jobs: [
      job('one', { rateLimit: RATE_LIMIT, retry: RETRY }, { func: 'failOnce', runs: 2 }),
      job('two', { rateLimit: RATE_LIMIT }),
    ],
  },
  {
    name: 'rate-limited, scheduled',
    jobs: [
      job('one', { rateLimit: RATE_LIMIT, retry: new Retry({ max: 4, interval: 1 }) }, { func: 'failOnce', runs: 2 }),
      job('two', { rateLimit: RATE_LIMIT }, { inS: 0.1 }),
    ],
    isScheduled: true,
  },
]

/** What a job may wait for, in more combinations. */
export const WIDER_SCENARIOS: readonly Scenario[] = [
  {
    name: 'fan-in',
    jobs: [
      ...['a', 'b', 'c'].map((id) => job(id)),
      job('d', { retry: RETRY }, { func: 'failOnce', runs: 2 }),
      job('all', { dependsOn: ['a', 'b', 'c', 'd'] }),
    ],
  },
  {
    name: 'fan-out',
    jobs: [
      job('parent'),
      ...['x', 'y', 'z'].map((id) => job(id, { dependsOn: 'parent' })),
      job('end', { dependsOn: 'z' }),
    ],
  },
  {
    name: 'scheduled dependent',
    jobs: [job('parent'), job('child', { dependsOn: 'parent' }, { inS: 0.1 })],
    isScheduled: true,
  },
  {
    name: 'rate-limited dependents',
    jobs: [
      job('parent', { rateLimit: RATE_LIMIT }),
      job('one', { dependsOn: 'parent', rateLimit: RATE_LIMIT }),
      job('two', { dependsOn: 'parent', rateLimit: RATE_LIMIT }),
    ],
  },
  { name: 'ttl', jobs: [job('early', { ttl: 600 }), job('late', { ttl: 600 }, { inS: 0.1 })], isScheduled: true },
  ...LIMITED_SCENARIOS,
]

const ENDS_FINISHED = { end: ['finished', 'gone'] } as const
const ENDS_FAILED = { func: 'failAlways', end: ['failed', 'gone'] } as const

/** Jobs of a queue that keeps fewer than there are. Some have what more than one step deletes. */
export const LIMITED_QUEUE: Scenario = {
  name: 'newest ended jobs',
  limits: { keepFinished: 2, keepFailed: 2 },
  jobs: [
    ...['a', 'b', 'c'].map((id) => job(id, undefined, ENDS_FINISHED)),
    job('d', { rateLimit: RATE_LIMIT }, ENDS_FINISHED),
    job('e', { ttl: 600, unique: { key: 'e', until: 'deleted' } }, ENDS_FINISHED),
    job('f', { retry: RETRY }, { ...ENDS_FINISHED, func: 'failOnce', runs: 2 }),
    ...['w', 'x', 'y'].map((id) => job(id, undefined, ENDS_FAILED)),
    job('z', { rateLimit: RATE_LIMIT, unique: { key: 'z', until: 'deleted' } }, ENDS_FAILED),
  ],
}

/** The scenarios with the most different orders of commands. */
export const TELLING_SCENARIOS = scenariosNamed('plain', 'many at once', 'scheduled', 'callbacks', 'all of it')

export function scenariosNamed(...names: readonly string[]): readonly Scenario[] {
  return SCENARIOS.filter(({ name }) => names.includes(name))
}

/** The queues that a worker of a sweep listens to. */
export const ONE_QUEUE: readonly string[] = ['default']
export const THREE_QUEUES: readonly string[] = ['high', 'default', 'low']

/** Enqueue the jobs of a scenario into the queues in turn, starting with the last queue but one. */
export async function enqueueScenario(
  scenario: Scenario,
  storage: RedisStorage,
  queues: readonly string[],
  file: string,
): Promise<void> {
  for (const { id } of scenario.jobs) await enqueueAgain(scenario, id, storage, queues, file)
}

/** Enqueue one job of a scenario. If it is there already, another one replaces it. */
export async function enqueueAgain(
  { jobs }: Scenario,
  jobId: string,
  storage: RedisStorage,
  queues: readonly string[],
  file: string,
): Promise<void> {
  const index = jobs.findIndex(({ id }) => id === jobId)
  const turns = queues.slice(-2)
  const name = turns[index % turns.length]
  const job = jobs[index]
  if (job === undefined || name === undefined) throw new Error(`There is no job ${jobId}, or no queue.`)
  const queue = new Queue(name, { storage })
  const { func, inS, options, post } = job
  const all = { ...options, jobId, meta: { file, name: jobId } }
  const enqueued =
    inS === undefined
      ? await queue.enqueue(`./jobs#${func}`, [file, jobId], all)
      : await queue.enqueueIn(inS, `./jobs#${func}`, [file, jobId], all)
  if (post !== undefined) await enqueued.post(post)
}
