import type { Claimed, Lease, StopJobCommand, WorkerState } from '@rq/job'
import type { HeldQueues } from './holds/held-queues.ts'
import type { HorseStarters } from './horse-starters.ts'
import { Lane, type LaneReports, type SharedByLanes } from './lane.ts'
import { JobBudget } from './store/job-budget.ts'
import { ShownState } from './store/shown-state.ts'
import { storeFailures } from './store/store-retry.ts'

export interface LanesOptions extends LaneReports, Pick<SharedByLanes, 'parts' | 'paused' | 'settings' | 'strategy'> {
  readonly held: HeldQueues
  readonly starterOf: HorseStarters
  /** How many jobs all lanes together may claim. Default: no limit. */
  readonly maxJobs: number | undefined
  /** Called when `suspend` or `resume` takes effect. */
  readonly onSuspended: (isSuspended: boolean) => void
}

/** All lanes of a worker, for what concerns the worker as a whole. */
export class Lanes {
  readonly #lanes: readonly Lane[]
  readonly #shown = new ShownState()
  readonly #onSuspended: (isSuspended: boolean) => void
  #wasSuspended = false
  /** Whether jobs have ended since all lanes looked for jobs. They may have enqueued others. */
  #hasNews = false

  constructor(options: LanesOptions) {
    const { held, maxJobs, onBroken, onEnd, onIdle, onJobsKnown, parts, paused, settings, starterOf, strategy } =
      options
    const { lanes, logger, storage } = settings
    this.#onSuspended = options.onSuspended
    const isOne = lanes.length === 1
    if (!isOne) storage.workers.shareWaits()
    const shared: SharedByLanes = {
      ...{ settings, parts, paused, strategy },
      calls: {
        budget: new JobBudget(maxJobs, isOne ? undefined : () => this.nudge()),
        bytesHeld: () => this.bytes,
        failures: storeFailures(logger),
        held,
        onSuspended: () => this.#noteSuspended(),
        sharesWaits: !isOne,
        shown: this.#shown,
      },
      reports: { onBroken, onIdle, onJobsKnown, onEnd: isOne ? onEnd : this.#notingNews(onEnd) },
    }
    this.#lanes = lanes.map((lane, index) => {
      const isAlone = isOne ? () => true : () => this.#lanes.every((other, at) => at === index || other.isQuiet)
      return new Lane({ shared, lane, start: starterOf(lane.horse), isAlone })
    })
  }

  /** How many jobs the worker has. */
  get jobs(): number {
    return this.#sum((lane) => lane.executions.size)
  }

  /** How many bytes their arguments and meta have, about. */
  get bytes(): number {
    return this.#sum((lane) => lane.executions.bytes)
  }

  /** The id of one of the jobs, for the worker's record. */
  get firstJobId(): string | undefined {
    return this.#lanes.find((lane) => lane.executions.size > 0)?.executions.firstJobId
  }

  /** Whether the last claims found all queues empty, or were refused since workers are suspended. */
  get foundNothing(): boolean {
    return this.#lanes.every(({ store }) => store.queuesEmpty || store.isSuspended)
  }

  /** Whether a lane has noticed that workers are suspended, and not yet that they are resumed. */
  get isSuspended(): boolean {
    return this.#lanes.some((lane) => lane.store.isSuspended)
  }

  /** Whether no lane claims any more. */
  get isSpent(): boolean {
    return this.#lanes.every((lane) => lane.store.isSpent)
  }

  /** Whether a lane may still find jobs. */
  get mayFindJobs(): boolean {
    return this.#lanes.some((lane) => lane.store.mayFindJobs)
  }

  /** Whether no lane has jobs, and no call is under way that may bring some. */
  get isQuiet(): boolean {
    return this.#lanes.every((lane) => lane.isQuiet)
  }

  /** Whether any write is pending. */
  get isWriting(): boolean {
    return this.#lanes.some((lane) => lane.store.isWriting)
  }

  startHorses(): void {
    for (const { horses } of this.#lanes) horses.start()
  }

  /** Replace the horses, each as soon as its running job has ended. */
  renewHorses(): void {
    for (const { horses } of this.#lanes) horses.renew()
  }

  /** Kill the horses that run something, by a command. */
  killBusyHorses(): void {
    for (const { horses } of this.#lanes) horses.killBusy('kill_horse')
  }

  async killHorses(): Promise<void> {
    await Promise.all(this.#lanes.map(({ horses }) => horses.killAll()))
  }

  async closeHorses(): Promise<void> {
    await Promise.all(this.#lanes.map(({ horses }) => horses.close()))
  }

  /** Run the loops. Resolves after {@link close}; never rejects. */
  async run(): Promise<void> {
    await Promise.all(this.#lanes.map(({ store }) => store.run()))
  }

  /** Decide again, in each lane. */
  nudge(): void {
    for (const { store } of this.#lanes) store.nudge()
  }

  /** Run so many jobs of a queue at once, in the lane of that queue. */
  setConcurrency(concurrency: number, queue: string): void {
    this.#lanes.find(({ queues }) => queues.includes(queue))?.setConcurrency(concurrency)
  }

  /** Queues were paused or resumed. */
  followPauses(): void {
    for (const lane of this.#lanes) lane.followPauses()
  }

  /** Claim no more, and return the jobs that have not begun. */
  drain(): void {
    for (const { horses, store } of this.#lanes) {
      store.stopClaiming()
      horses.drain()
    }
  }

  /** End the loops after the calls under way. What is not written by then is not written. */
  close(): void {
    for (const { store } of this.#lanes) store.close()
  }

  /** Whether a heartbeat with this state, which is about to be sent, must keep the state that the record shows. */
  mustKeepState(state: WorkerState): boolean {
    return this.#shown.mustKeep(state)
  }

  /** The leases to renew with the heartbeat that is about to be sent. */
  leasesForHeartbeat(): Lease[] {
    return this.#lanes.flatMap(({ executions }) => executions.leasesForHeartbeat())
  }

  /** Note that another worker owns the job of this execution. */
  lose(executionId: string): void {
    for (const { executions } of this.#lanes) executions.lose(executionId)
  }

  /** Stop a job. Returns false when it is not here. */
  stop(command: StopJobCommand): boolean {
    return this.#lanes.some(({ executions }) => executions.stop(command))
  }

  /** Return all jobs that are not being settled, whatever they are doing, to the heads of their queues. */
  giveBackAll(): void {
    for (const { executions } of this.#lanes) executions.giveBackAll()
  }

  /** Conclude a job that was taken over from a dead worker, in the lane of its queue. */
  takeOver(claimed: Claimed): void {
    const { origin } = claimed.job
    const lane = this.#lanes.find(({ queues }) => queues.includes(origin)) ?? this.#lanes[0]
    lane?.takeOver(claimed)
  }

  /**
   * Before the end of a burst: let each lane look for jobs once more if jobs of any lane have ended since it did.
   * @returns whether they look again. False for one lane, which looks when its last job has ended.
   */
  lookAgain(): boolean {
    if (!this.#hasNews) return false
    this.#hasNews = false
    for (const { store } of this.#lanes) store.lookAgain()
    return true
  }

  #notingNews(onEnd: LaneReports['onEnd']): LaneReports['onEnd'] {
    return (end) => {
      this.#hasNews = true
      onEnd(end)
    }
  }

  #noteSuspended(): void {
    const { isSuspended } = this
    if (isSuspended === this.#wasSuspended) return
    this.#wasSuspended = isSuspended
    this.#onSuspended(isSuspended)
  }

  #sum(part: (lane: Lane) => number): number {
    return this.#lanes.reduce((sum, lane) => sum + part(lane), 0)
  }
}
