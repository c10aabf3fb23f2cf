import { SECOND_MS } from '@rq/core'
import type {
  ClaimReply,
  ClaimRequest,
  GiveBackAnswer,
  HeartbeatReply,
  Lease,
  MaintenanceRequest,
  MaintenanceTurn,
  NameHolder,
  NamesInUse,
  RecoverableRequest,
  RecoverReply,
  RecoverRequest,
  SetAsideRequest,
  Settlement,
  SettleReply,
  ShownHolds,
  ShownJobNames,
  WorkerCommand,
  WorkerHeartbeat,
  WorkerIdentity,
  WorkerRecord,
  WorkerState,
  WorkerStore,
} from '@rq/job'
import { releaseUnheld } from './dependents.ts'
import { claim, giveBack, hasEndedLeases, recover, renew } from './leases.ts'
import type { MemoryData, StoredWorker } from './memory-data.ts'
import { keepNewest } from './newest.ts'
import { cleanUpLimits } from './rate-limits.ts'
import { setAside } from './set-aside.ts'
import { settleAll } from './settling.ts'

const NOTHING: ClaimReply = { jobs: [], suspended: false }

export class MemoryWorkerStore implements WorkerStore {
  readonly #data: MemoryData
  readonly #closed: AbortSignal
  /** By name: when workers of this process registered. A record that has to be written again keeps this time. */
  readonly #births = new Map<string, number>()

  /** Waits end when `closed` fires. */
  constructor(data: MemoryData, closed: AbortSignal) {
    this.#data = data
    this.#closed = closed
  }

  async register(worker: WorkerIdentity, leaseMs: number): Promise<NameHolder | undefined> {
    const holder = this.#otherInstance(worker)
    if (holder !== undefined) {
      return { lastBeat: String(holder.aliveUntilMs), freeInMs: holder.aliveUntilMs - this.#data.nowMs }
    }
    this.#data.workers.set(worker.name, this.#newRecord(worker, leaseMs), worker.ttlS * SECOND_MS)
    return undefined
  }

  /** There are no unanswered claims to give back: a claim is answered in its own step. */
  async unregister(worker: WorkerIdentity): Promise<void> {
    if (this.#otherInstance(worker) === undefined) this.#data.workers.delete(worker.name)
    this.#births.delete(worker.name)
  }

  async heartbeat(beat: WorkerHeartbeat): Promise<HeartbeatReply> {
    const { leaseMs, leases, worker } = beat
    const isNameTaken = this.#otherInstance(worker) !== undefined
    if (!isNameTaken) this.#writeRecord(beat)
    const renewal = { workerName: worker.name, endsMs: this.#data.nowMs + leaseMs }
    return { lost: leases.filter((lease) => !renew(this.#data, lease, renewal)), isNameTaken }
  }

  #showState(workerName: string, shown: WorkerState | undefined, { jobs, suspended }: ClaimReply): void {
    const record = this.#data.workers.get(workerName)
    const state = suspended ? 'suspended' : jobs.length > 0 ? 'busy' : 'idle'
    if (shown === undefined || shown === state || record === undefined) return
    record.state = state
    delete record.currentJobId
    if (jobs[0] !== undefined) record.currentJobId = jobs[0].job.id
  }

  #writeRecord({ currentJobId, keepState = false, leaseMs, state, worker }: WorkerHeartbeat): void {
    const known = this.#data.workers.get(worker.name)
    const record = known?.instance === worker.instance ? known : this.#newRecord(worker, leaseMs)
    record.lastHeartbeatMs = this.#data.nowMs
    record.aliveUntilMs = this.#data.nowMs + leaseMs
    if (!keepState || record !== known) {
      record.state = state
      delete record.currentJobId
      if (currentJobId !== undefined) record.currentJobId = currentJobId
    }
    this.#data.workers.set(worker.name, record, worker.ttlS * SECOND_MS)
  }

  /** The record of another instance that has the worker's name and counts as alive. */
  #otherInstance({ instance, name }: WorkerIdentity): StoredWorker | undefined {
    const known = this.#data.workers.get(name)
    return known === undefined || known.instance === instance || known.aliveUntilMs <= this.#data.nowMs
      ? undefined
      : known
  }

  async showHolds({ instance, name }: WorkerIdentity, { held, paused }: ShownHolds): Promise<void> {
    const record = this.#data.workers.get(name)
    if (record?.instance !== instance) return
    record.paused = [...paused]
    record.held = [...held]
  }

  async showJobNames({ instance, name }: WorkerIdentity, { more, names }: ShownJobNames): Promise<void> {
    const record = this.#data.workers.get(name)
    if (record?.instance !== instance) return
    record.jobNames = [...names]
    if (more > 0) record.moreJobNames = more
  }

  async shutdownRequested(workerName: string): Promise<void> {
    const record = this.#data.workers.get(workerName)
    if (record !== undefined) record.shutdownRequestedMs = this.#data.nowMs
  }

  async claim(request: ClaimRequest, shown?: WorkerState): Promise<ClaimReply> {
    const reply = claim(this.#data, request)
    this.#showState(request.workerName, shown, reply)
    return reply
  }

  async settle(
    workerName: string,
    settlements: readonly Settlement[],
    request?: ClaimRequest,
    shown?: WorkerState,
  ): Promise<SettleReply> {
    const answers = settleAll(this.#data, workerName, settlements)
    const claimed = request === undefined || request.want <= 0 ? NOTHING : claim(this.#data, request)
    this.#showState(workerName, shown, claimed)
    return { answers, claimed, releasing: false }
  }

  /** A memory storage releases all dependents in the step that ends their job. */
  async releaseDependents(): Promise<boolean> {
    return false
  }

  async cleanUp(queues: readonly string[]): Promise<void> {
    const { groups, jobs, queueNames } = this.#data
    for (const queue of queues) {
      for (const kind of ['finished', 'failed', 'deferred', 'scheduled', 'canceled'] as const)
        this.#data.registry(queue, kind).keep((id) => jobs.has(id))
      keepNewest(this.#data, queue)
      releaseUnheld(this.#data, queue)
    }
    for (const name of queueNames) this.#data.queue(name).keep((id) => jobs.has(id))
    cleanUpLimits(this.#data)
    for (const [name, members] of groups) {
      for (const id of members) if (this.#data.record(id)?.groupId !== name) members.delete(id)
      if (members.size === 0) groups.delete(name)
    }
  }

  /** Workers of one process need not take turns. */
  async maintenanceTurn({ queues }: MaintenanceRequest): Promise<MaintenanceTurn> {
    return { queues, shared: true }
  }

  async giveBack(leases: readonly Lease[]): Promise<readonly GiveBackAnswer[]> {
    return giveBack(this.#data, leases)
  }

  async setAside(request: SetAsideRequest): Promise<boolean> {
    return setAside(this.#data, request)
  }

  async findRecoverable({ queues }: RecoverableRequest): Promise<readonly string[]> {
    return queues.filter((queue) => hasEndedLeases(this.#data, queue))
  }

  async recover({ leaseMs, most, queue, workerName }: RecoverRequest): Promise<RecoverReply> {
    return recover(this.#data, queue, { workerName, endsMs: this.#data.nowMs + leaseMs }, most)
  }

  /** Here no wait has a connection. */
  shareWaits(): void {}

  async waitForWork(queues: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<undefined> {
    const hasWork = () => queues.some((queue) => this.#data.queue(queue).length > 0 && !this.#data.isPaused(queue))
    const look = () => hasWork() || undefined
    await this.#data.workWaits.until({ keys: queues, look, timeoutMs, signals: [signal, this.#closed] })
  }

  async onCommand(workerName: string, listener: (command: WorkerCommand) => void): Promise<() => Promise<void>> {
    const end = this.#data.commands.listen(workerName, listener)
    this.#closed.addEventListener('abort', end)
    return async () => {
      this.#closed.removeEventListener('abort', end)
      end()
    }
  }

  async workers(queue?: string): Promise<WorkerRecord[]> {
    const all = this.#data.workers.values().map(({ aliveUntilMs: _, instance: __, ...record }) => record)
    const wanted = queue === undefined ? all : all.filter(({ queues }) => queues.includes(queue))
    return wanted.sort((a, b) => a.name.localeCompare(b.name))
  }

  async worker(name: string): Promise<WorkerRecord | undefined> {
    return (await this.workers()).find((record) => record.name === name)
  }

  async workerCount(queue?: string): Promise<number> {
    return (await this.workers(queue)).length
  }

  async namesInUse(queue: string): Promise<NamesInUse> {
    const schedules = [...this.#data.recurring.values()].filter(
      (one) => one.queue === queue && one.nextMs !== undefined,
    )
    const workers = await this.workers(queue)
    return {
      schedules: schedules.map(({ funcName, name }) => ({ name, funcName })),
      workerCount: workers.length,
      workers: workers.map(({ jobNames, moreJobNames, name }) => ({
        name,
        ...(jobNames !== undefined && { jobNames }),
        ...(moreJobNames !== undefined && { moreJobNames }),
      })),
    }
  }

  #newRecord({ hostname, instance, name, pid, queues, version }: WorkerIdentity, leaseMs: number): StoredWorker {
    const birthMs = this.#births.get(name) ?? this.#data.nowMs
    this.#births.set(name, birthMs)
    return {
      ...{ name, queues, pid, hostname, version, state: 'started', birthMs, lastHeartbeatMs: birthMs },
      ...{ instance, aliveUntilMs: this.#data.nowMs + leaseMs },
      ...{ successfulJobCount: 0, failedJobCount: 0, totalWorkingTimeS: 0, paused: [], held: [], isPython: false },
    }
  }
}
