import type { RegistryKind } from '@rq/job'

/** The zset of each registry, by RQ's word for it. */
const REGISTRY_WORDS: Readonly<Record<RegistryKind, string>> = {
  started: 'wip',
  finished: 'finished',
  failed: 'failed',
  deferred: 'deferred',
  scheduled: 'scheduled',
  canceled: 'canceled',
}

/** Builders for every key, under one prefix. The only place (beside the scripts) where a key's text is made. */
export class Keys {
  readonly prefix: string
  readonly queues: string
  readonly workers: string
  readonly suspended: string
  readonly groups: string
  /** Jobs whose dependents were set aside because they were many. */
  readonly releasing: string
  /** Names of all rate limits. */
  readonly rateLimits: string

  constructor(prefix: string) {
    this.prefix = prefix
    this.queues = `${prefix}queues`
    this.workers = `${prefix}workers`
    this.suspended = `${prefix}suspended`
    this.groups = `${prefix}groups`
    this.releasing = `${prefix}releasing`
    this.rateLimits = `${prefix}rl-keys`
  }

  queue(name: string): string {
    return `${this.prefix}queue:${name}`
  }

  /** Exists while the queue is paused. */
  paused(queue: string): string {
    return `${this.prefix}paused:${queue}`
  }

  /** The queue's name in a queue key, or undefined for any other key. */
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

  /** Dependents of a job that are still to be released. */
  releasingOf(id: string): string {
    return `${this.prefix}releasing:${id}`
  }

  /** Python RQ's registry of jobs that are about to be queued; read, never written. */
  ready(queue: string): string {
    return `${this.prefix}ready:${queue}`
  }

  results(id: string): string {
    return `${this.prefix}results:${id}`
  }

  group(name: string): string {
    return `${this.prefix}group:${name}`
  }

  worker(name: string): string {
    return `${this.prefix}worker:${name}`
  }

  /** Keys of the workers that listen to a queue. */
  queueWorkers(queue: string): string {
    return `${this.prefix}workers:${queue}`
  }

  /** The channel on which a worker hears commands. */
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

  /** Jobs that a cron job enqueued, by when. */
  cronHistory(name: string): string {
    return `${this.prefix}cron_job:${name}:jobs`
  }

  /** The channel on which workers tell of the jobs of a queue. */
  events(queue: string): string {
    return `${this.prefix}events:${queue}`
  }

  /** The channel on which workers hear that somebody listens to the events of a queue. */
  listeners(queue: string): string {
    return `${this.prefix}listeners:${queue}`
  }

  /** The channel on which a waiting process hears that a job has a result. */
  notify(channel: string): string {
    return `${this.prefix}notify:${channel}`
  }
}
