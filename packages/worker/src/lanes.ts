import type { Claimed, Lease, StopJobCommand, WorkerState } from '@rq/job'
import type { Lane } from './lane.ts'

/** All lanes of a worker, for what concerns the worker as a whole. */
export class Lanes {
  readonly #lanes: readonly Lane[]

  constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes
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

  /** Whether the last claims found all queues empty. */
  get queuesEmpty(): boolean {
    return this.#lanes.every((lane) => lane.store.queuesEmpty)
  }

  get isSuspended(): boolean {
    return this.#lanes.every((lane) => lane.store.isSuspended)
  }

  /** Whether no lane claims any more. */
  get isSpent(): boolean {
    return this.#lanes.every((lane) => lane.store.isSpent)
  }

  /** Whether a lane may still find jobs. */
  get mayFindJobs(): boolean {
    return this.#lanes.some((lane) => lane.store.mayFindJobs)
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
    return this.#lanes.some(({ store }) => store.mustKeepState(state))
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

  #sum(part: (lane: Lane) => number): number {
    return this.#lanes.reduce((sum, lane) => sum + part(lane), 0)
  }
}
