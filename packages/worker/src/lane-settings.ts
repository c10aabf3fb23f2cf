import { checkOptionNames, checkQueueName, invalidOption, type OptionNames, type OptionRule } from '@rq/core'
import type { PrefetchOptions } from './horses/prefetch.ts'
import { type HORSE_KINDS, WORKER_OPTIONS } from './option-table.ts'

export type HorseKind = (typeof HORSE_KINDS)[number]

/** A queue, or its name. */
export type QueueLike = string | { readonly name: string }

/** What a worker of many queues may set for each of them. What is left out is as in the options of the worker. */
export interface WorkerQueueOptions {
  /** How many jobs of this queue run at once, each in a horse of its own, or with `inline` in one event loop. */
  concurrency?: number
  /** Where the jobs of this queue run. */
  horse?: HorseKind
  /** How many jobs of this queue a horse gets ahead of the one that runs. */
  prefetch?: PrefetchOptions
  /** Replace a horse of this queue after this many jobs. 0: never. */
  horseMaxJobs?: number
  /** Replace a horse of this queue that uses more memory than this after a job: bytes, or `'512mb'`. 0: never. */
  horseMaxBytes?: number | string
}

/** Queues by name, each with its concurrency or its options. */
export type QueuePlan = Readonly<Record<string, number | WorkerQueueOptions>>

/**
 * What a worker serves: a queue, a list of them that share its horses, the first ones first; or a {@link QueuePlan}:
 * then each queue has horses of its own, and waits for no other one.
 */
export type WorkerQueues = QueueLike | readonly QueueLike[] | QueuePlan

/** The settings of a lane: of all queues of a list, or of one queue of a plan. */
export interface LaneSettings {
  readonly queues: readonly string[]
  readonly concurrency: number
  readonly horse: HorseKind
  readonly prefetch: PrefetchOptions
  readonly horseMaxJobs: number
  readonly horseMaxBytes: number
}

const QUEUE_OPTION_NAMES: OptionNames<WorkerQueueOptions> = {
  concurrency: true,
  horse: true,
  prefetch: true,
  horseMaxJobs: true,
  horseMaxBytes: true,
}
const EXPECTED = 'its concurrency, or options such as { concurrency: 5 }'
const PREFETCH_NAMES: OptionNames<PrefetchOptions> = { aheadMs: true, most: true }

/**
 * The lanes of a worker, in order.
 * @param defaults - for a lane, what it does not set: the options of the worker.
 * @throws RqError `RQ_INVALID_OPTION`.
 */
export function checkLanes(queues: WorkerQueues, defaults: WorkerQueueOptions): readonly LaneSettings[] {
  if (!isQueuePlan(queues)) return [laneSettings(queueList(queues), {}, defaults)]
  const names = queueNames(queues)
  return names.map((name) => {
    const given = queues[name]
    const path = `queues.${name}`
    const options = typeof given === 'number' ? { concurrency: given } : given
    if (typeof options !== 'object' || options === null) throw invalidOption(path, given, EXPECTED)
    return laneSettings([name], checkOptionNames(options, QUEUE_OPTION_NAMES, path), defaults, `${path}.`)
  })
}

/** The names of all queues, in order. @throws RqError `RQ_INVALID_OPTION`. */
export function queueNames(queues: WorkerQueues): readonly string[] {
  if (!isQueuePlan(queues)) return queueList(queues)
  const names = Object.keys(queues)
  if (names.length === 0) throw invalidOption('queues', queues, 'at least one queue')
  return names.map((name) => checkQueueName(name, 'queues'))
}

/**
 * The lanes with another concurrency: of the queue that is named, or of the only lane.
 * @throws RqError `RQ_INVALID_OPTION` unless the queue has a concurrency of its own.
 */
export function withConcurrency(
  lanes: readonly LaneSettings[],
  concurrency: number,
  queue: string | undefined,
): readonly LaneSettings[] {
  const isMeant = ({ queues }: LaneSettings) => queue === undefined || queues.includes(queue)
  const [meant, more] = lanes.filter(isMeant)
  if (meant === undefined) {
    const names = lanes.flatMap(({ queues }) => queues)
    throw invalidOption('queue', queue, `a queue of this worker: ${names.join(', ')}`)
  }
  if (more !== undefined) throw invalidOption('queue', queue, 'the name of a queue: each has a concurrency of its own')
  if (queue !== undefined && meant.queues.length > 1) {
    throw invalidOption('queue', queue, 'none: the queues of this worker share its concurrency')
  }
  return lanes.map((lane) => (lane === meant ? { ...lane, concurrency } : lane))
}

export function isQueuePlan(queues: WorkerQueues): queues is QueuePlan {
  if (typeof queues !== 'object' || queues === null || Array.isArray(queues)) return false
  return typeof (queues as { name?: unknown }).name !== 'string'
}

function queueList(queues: QueueLike | readonly QueueLike[]): readonly string[] {
  const list = Array.isArray(queues) ? (queues as readonly QueueLike[]) : [queues as QueueLike]
  if (list.length === 0) throw invalidOption('queues', queues, 'at least one queue')
  return [...new Set(list.map((queue) => checkQueueName(typeof queue === 'object' ? queue?.name : queue, 'queues')))]
}

/** @param path - put before the name of an option of `own` in an error. */
function laneSettings(
  queues: readonly string[],
  own: WorkerQueueOptions,
  defaults: WorkerQueueOptions,
  path = '',
): LaneSettings {
  const pathOf = (name: keyof WorkerQueueOptions) => (own[name] === undefined ? name : path + name)
  const checked = <Name extends 'concurrency' | 'horse' | 'horseMaxJobs' | 'horseMaxBytes'>(name: Name) => {
    const rule: OptionRule = WORKER_OPTIONS[name]
    const value = rule.check(own[name] ?? defaults[name] ?? rule.default, pathOf(name))
    return value as ReturnType<(typeof WORKER_OPTIONS)[Name]['check']>
  }
  const prefetch = own.prefetch ?? defaults.prefetch
  checkOptionNames(prefetch, PREFETCH_NAMES, pathOf('prefetch'))
  const horse = checked('horse')
  if (horse === 'process' && process.versions.bun !== undefined) {
    const expected = "'thread' or 'inline' on Bun, whose child processes cannot read the pipe of a work horse"
    throw invalidOption(pathOf('horse'), horse, `${expected}; or run the worker with Node.js`)
  }
  return {
    queues,
    concurrency: checked('concurrency'),
    horse,
    prefetch: prefetch ?? {},
    horseMaxJobs: checked('horseMaxJobs'),
    horseMaxBytes: checked('horseMaxBytes'),
  }
}
