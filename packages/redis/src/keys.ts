import type { MessageSource, RegistryKind } from '@rq/job'

/** RQ's word for each registry, in its key. */
const REGISTRY_WORDS: Readonly<Record<RegistryKind, string>> = {
  started: 'wip',
  finished: 'finished',
  failed: 'failed',
  deferred: 'deferred',
  scheduled: 'scheduled',
  canceled: 'canceled',
}

/** Builds every key, under one prefix. Only this class and the scripts build keys. */
export class Keys {
  readonly prefix: string
  readonly queues: string
  readonly workers: string
  readonly suspended: string
  readonly groups: string
  /** Jobs whose dependents were set aside, to be released in steps. */
  readonly releasing: string
  /** Jobs whose dependencies are not all checked. */
  readonly unchecked: string
  /** Jobs that wait and may expire. */
  readonly expiring: string
  /** The instance of a worker whose turn it is to tidy what all queues share. */
  readonly maintenance: string
  /** Names of all rate limits. */
  readonly rateLimits: string

  constructor(prefix: string) {
    this.prefix = prefix
    this.queues = `${prefix}queues`
    this.workers = `${prefix}workers`
    this.suspended = `${prefix}suspended`
    this.groups = `${prefix}groups`
    this.releasing = `${prefix}releasing`
    this.unchecked = `${prefix}unchecked`
    this.expiring = `${prefix}expiring`
    this.maintenance = `${prefix}maintenance`
    this.rateLimits = `${prefix}rl-keys`
  }

  queue(name: string): string {
    return `${this.prefix}queue:${name}`
  }

  /** Exists while the queue is paused. */
  paused(queue: string): string {
    return `${this.prefix}paused:${queue}`
  }

  /** The name of the queue that a key belongs to; undefined if it is not the key of a queue. */
  queueName(key: string): string | undefined {
    const start = `${this.prefix}queue:`
    return key.startsWith(start) ? key.slice(start.length) : undefined
  }

  registry(queue: string, kind: RegistryKind): string {
    return `${this.prefix}${REGISTRY_WORDS[kind]}:${queue}`
  }

  job(id: string): string {
    return `${this.prefix}job:${id}`
  }

  dependents(id: string): string {
    return `${this.prefix}job:${id}:dependents`
  }

  /** Dependents of a job that were set aside, to be released in steps. */
  releasingOf(id: string): string {
    return `${this.prefix}releasing:${id}`
  }

  /** Python RQ's registry of jobs that a worker is about to queue. Never added to. */
  ready(queue: string): string {
    return `${this.prefix}ready:${queue}`
  }

  results(id: string): string {
    return `${this.prefix}results:${id}`
  }

  /** Messages that a job sent, or that were posted to it. */
  messages(jobId: string, from: MessageSource): string {
    return `${this.prefix}${from === 'job' ? 'messages' : 'posts'}:${jobId}`
  }

  /** Ids of the executions of a job. */
  executions(jobId: string): string {
    return `${this.prefix}executions:${jobId}`
  }

  /** What is known of an execution, given as `job:execution`. */
  execution(member: string): string {
    return `${this.prefix}execution:${member}`
  }

  /** Ids of a queue that were set aside, because their key is no job or the store refused the end of their job. */
  broken(queue: string): string {
    return `${this.prefix}broken:${queue}`
  }

  /** Why the store refused the end of jobs that were set aside, by their ids. */
  refused(queue: string): string {
    return `${this.prefix}refused:${queue}`
  }

  /** By key: the job of a queue that took it last. */
  unique(queue: string): string {
    return `${this.prefix}unique:${queue}`
  }

  /** How many ended jobs a queue keeps. */
  configuration(queue: string): string {
    return `${this.prefix}configuration:${queue}`
  }

  /** The jobs of a registry by when they ended, if the queue has a limit for them. */
  endOrder(queue: string, kind: 'finished' | 'failed'): string {
    return kind === 'finished' ? `${this.prefix}finished-order:${queue}` : `${this.prefix}failed-order:${queue}`
  }

  group(name: string): string {
    return `${this.prefix}group:${name}`
  }

  /** Jobs that hold a slot of a rate limit. */
  slotHolders(limit: string): string {
    return `${this.prefix}rl:${limit}:allowed`
  }

  worker(name: string): string {
    return `${this.prefix}worker:${name}`
  }

  /** The executions that a worker runs, each as `job:execution`. */
  workerExecutions(workerName: string): string {
    return `${this.prefix}worker:${workerName}:executions`
  }

  /** Keys of the workers of a queue. */
  queueWorkers(queue: string): string {
    return `${this.prefix}workers:${queue}`
  }

  /** The channel of commands to a worker. */
  commands(workerName: string): string {
    return `${this.prefix}pubsub:${workerName}`
  }

  schedulerLock(queue: string): string {
    return `${this.prefix}scheduler-lock:${queue}`
  }

  scheduler(name: string): string {
    return `${this.prefix}scheduler:${name}`
  }

  /** Names of cron schedulers, by last heartbeat. */
  get cronSchedulers(): string {
    return `${this.prefix}cron_schedulers`
  }

  cronScheduler(name: string): string {
    return `${this.prefix}cron_scheduler:${name}`
  }

  cronState(name: string): string {
    return `${this.prefix}cron_state:${name}`
  }

  /** Jobs that a cron job enqueued, by time. */
  cronHistory(name: string): string {
    return `${this.prefix}cron_job:${name}:jobs`
  }

  /** Names of all schedules. */
  get schedules(): string {
    return `${this.prefix}schedules`
  }

  /** The schedules of a queue, by their next tick. */
  schedulesOf(queue: string): string {
    return `${this.prefix}schedules:${queue}`
  }

  schedule(name: string): string {
    return `${this.prefix}schedule:${name}`
  }

  /** Jobs that a schedule enqueued, by time. */
  scheduleHistory(name: string): string {
    return `${this.prefix}schedule-jobs:${name}`
  }

  /** The channel of events about the jobs of a queue. */
  events(queue: string): string {
    return `${this.prefix}events:${queue}`
  }

  /** The channel on which listeners to the events of a queue announce themselves to workers. */
  listeners(queue: string): string {
    return `${this.prefix}listeners:${queue}`
  }

  /** The channel on which a waiting process is notified of results. */
  notify(channel: string): string {
    return `${this.prefix}notify:${channel}`
  }
}
