import { RqError, SECOND_MS } from '@rq/core'
import type {
  ClaimReply,
  ClaimRequest,
  CleanUpOptions,
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
import { DEFAULT_LIMITS } from '@rq/job'
import { decodeClaim, NO_JOBS } from '../codec/claim-codec.ts'
import { readCommand } from '../codec/command-codec.ts'
import { packList } from '../codec/message-pack.ts'
import { decodeAnswers } from '../codec/settle-answers.ts'
import { encodeSettlements } from '../codec/settle-arguments.ts'
import { stampNow } from '../codec/time.ts'
import { encodeHeld, encodeJobNames } from '../codec/worker-codec.ts'
import type { Connections } from '../connection/connections.ts'
import { redisError } from '../connection/redis-error.ts'
import type { WordsOf } from '../connection/script.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { cleanUp } from './cleanup.ts'
import { releaseSomeDependents } from './dependent-steps.ts'
import { executionBase } from './execution-base.ts'
import { LEASE_PAGE, leasesOfCalls, leaseWords } from './leases-of-calls.ts'
import { LostReplies } from './lost-replies.ts'
import { Registrations } from './registrations.ts'
import { ServerClock } from './server-clock.ts'
import { WorkSignal } from './work-signal.ts'
import { WorkerRecords } from './worker-records.ts'

/** A year. */
const LONGEST_TURN_MS = 365 * 24 * 60 * 60 * SECOND_MS
/** How many queues one step looks at, since Redis limits the words of a command in a script. */
const QUEUE_PAGE = 1000
/** The reply of recover.lua if Redis was paused or unreachable. */
const STALLED = Buffer.from('stalled')

const largestOf = ({ largestBytes = DEFAULT_LIMITS.arguments }: Pick<ClaimRequest, 'largestBytes'> = {}) => largestBytes

export class RedisWorkerStore implements WorkerStore {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #signal: WorkSignal
  readonly #registrations: Registrations
  readonly #records: WorkerRecords
  readonly #claims: LostReplies
  readonly #recoveries: LostReplies
  readonly #clock = new ServerClock()
  /** Nothing is recovered before this time, by `performance.now()`. */
  #recoverFromMs = 0

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
    this.#signal = new WorkSignal(connections, keys)
    this.#registrations = new Registrations(connections, keys)
    this.#records = new WorkerRecords(connections, keys)
    this.#claims = new LostReplies(connections, keys)
    this.#recoveries = new LostReplies(connections, keys)
  }

  register(worker: WorkerIdentity, leaseMs: number): Promise<NameHolder | undefined> {
    return this.#registrations.begin(worker, leaseMs)
  }

  async unregister(worker: WorkerIdentity): Promise<void> {
    const bases = this.#claims.basesWithoutReply(worker.name)
    await this.#registrations.end(worker)
    // Only now, since a claim that still waits in Redis takes nothing any more.
    if (bases.length > 0) await this.giveBack(await leasesOfCalls(this.#connections, this.#keys, worker.queues, bases))
  }

  heartbeat(beat: WorkerHeartbeat): Promise<HeartbeatReply> {
    return this.#registrations.heartbeat(beat)
  }

  async shutdownRequested(workerName: string): Promise<void> {
    await this.#connections.call((client) =>
      client.hset(this.#keys.worker(workerName), 'shutdown_requested_date', stampNow()),
    )
  }

  async showHolds({ instance, name }: WorkerIdentity, { held, paused }: ShownHolds): Promise<void> {
    const shown: [string, string, string] = [instance, paused.join(','), encodeHeld(held)]
    await this.#connections.run(scripts.showHolds, [this.#keys.worker(name)], shown)
  }

  async showJobNames({ instance, name }: WorkerIdentity, shown: ShownJobNames): Promise<void> {
    await this.#connections.run(scripts.showJobNames, [this.#keys.worker(name)], [instance, encodeJobNames(shown)])
  }

  async claim(request: ClaimRequest, shown?: WorkerState): Promise<ClaimReply> {
    const base = executionBase(request.isPrefetch)
    const largest = largestOf(request)
    const call = { base, queues: request.queues, workerName: request.workerName, largest }
    const { reply, resent } = await this.#claims.send(
      call,
      scripts.claim,
      [this.#keys.suspended],
      [
        ...([this.#keys.prefix, stampNow(), request.want, request.workerName, request.leaseMs, largest] as const),
        base,
        shown ?? '',
        ...request.queues,
      ],
    )
    return this.#claims.addLost(decodeClaim(reply), call, resent)
  }

  async settle(
    workerName: string,
    settlements: readonly Settlement[],
    claim?: ClaimRequest,
    shown?: WorkerState,
  ): Promise<SettleReply> {
    if (settlements.length === 0)
      return { answers: [], claimed: claim === undefined ? NO_JOBS : await this.claim(claim, shown) }
    const workedMs = settlements.reduce((sum, { startedAtMs, endedAtMs }) => sum + endedAtMs - startedAtMs, 0)
    const queues = claim?.queues ?? []
    const base = executionBase(claim?.isPrefetch)
    const largest = largestOf(claim)
    const encoded = encodeSettlements(settlements, workerName, this.#registrations.configuredQueues)
    const call = { base, queues, workerName, largest }
    const { reply, resent } = await this.#claims.send(
      call,
      scripts.settle,
      [this.#keys.suspended],
      [
        ...([this.#keys.prefix, stampNow(), claim?.want ?? 0, workerName, claim?.leaseMs ?? 0, largest] as const),
        ...([base, workedMs / SECOND_MS, shown ?? '', packList(encoded)] as const),
        ...queues,
      ],
    )
    const [letters, packed, hasMore] = reply
    const claimed = decodeClaim(packed)
    return {
      answers: decodeAnswers(letters, settlements, resent),
      claimed: claim === undefined ? claimed : await this.#claims.addLost(claimed, call, resent),
      releasing: hasMore === 1,
    }
  }

  releaseDependents(): Promise<boolean> {
    return releaseSomeDependents(this.#connections, this.#keys)
  }

  cleanUp(queues: readonly string[], options?: CleanUpOptions): Promise<void> {
    return cleanUp(this.#connections, this.#keys, queues, options)
  }

  async maintenanceTurn({ forMs, queues, worker }: MaintenanceRequest): Promise<MaintenanceTurn> {
    const { maintenance, prefix } = this.#keys
    const args = [prefix, worker.instance, Math.ceil(Math.min(forMs, LONGEST_TURN_MS)), ...queues] as const
    const [shared, taken] = await this.#connections.run(scripts.maintenanceTurn, [maintenance], [...args])
    return { shared: shared === 1, queues: taken }
  }

  /** Each step takes back up to 250 jobs, the last ones first, so that the first come to stand at the head. */
  async giveBack(leases: readonly Lease[]): Promise<readonly GiveBackAnswer[]> {
    const answers: GiveBackAnswer[][] = []
    for (let end = leases.length; end > 0; end -= LEASE_PAGE) {
      const words = leaseWords(leases.slice(Math.max(0, end - LEASE_PAGE), end))
      const args = [this.#keys.prefix, stampNow(), ...words] as const
      answers.push(await this.#connections.run(scripts.giveBack, [this.#keys.queues], [...args]))
    }
    return answers.reverse().flat()
  }

  async setAside({ lease, rateLimit, reason, workerName }: SetAsideRequest): Promise<boolean> {
    const { executionId, jobId, queue } = lease
    const keys = [this.#keys.broken(queue), this.#keys.refused(queue)] as const
    const words = [queue, jobId, executionId, rateLimit ?? '', reason] as const
    const args = [this.#keys.prefix, stampNow(), workerName, ...words] as const
    return (await this.#connections.run(scripts.setAside, [...keys], [...args])) === 'done'
  }

  /** After Redis was paused or unreachable, finds nothing for as long as {@link recover} does nothing. */
  async findRecoverable({ leaseMs, queues }: RecoverableRequest): Promise<readonly string[]> {
    const all: string[] = []
    for (let at = 0; at < queues.length; at += QUEUE_PAGE) {
      const sentAtMs = performance.now()
      if (sentAtMs < this.#recoverFromMs) return []
      const page = queues.slice(at, at + QUEUE_PAGE)
      const args = [this.#keys.prefix, leaseMs, this.#clock.nowMs(), ...page] as const
      const reply = await this.#connections.run(scripts.findRecoverable, [this.#keys.queues], [...args])
      const [serverMs, stalled, found, configured] = reply
      this.#registrations.noteConfigured(page, configured)
      this.#clock.update(serverMs, sentAtMs)
      if (stalled === 1) {
        this.#recoverFromMs = performance.now() + leaseMs
        return []
      }
      all.push(...found)
    }
    return all
  }

  /**
   * After Redis was paused or unreachable, does nothing for the length of a lease, so that live workers can renew
   * theirs.
   */
  async recover(request: RecoverRequest): Promise<RecoverReply> {
    const sentAtMs = performance.now()
    if (sentAtMs < this.#recoverFromMs) return { jobs: [] }
    const { from = 0, leaseMs, most, queue, workerName } = request
    const base = executionBase()
    const key = this.#keys.registry(queue, 'started')
    const { prefix } = this.#keys
    const clockMs = this.#clock.nowMs()
    const largest = largestOf(request)
    const args = [prefix, queue, workerName, leaseMs, largest, most, stampNow(), base, clockMs, from] as const
    const call = { base, queues: [queue], workerName, largest }
    const { reply, resent } = await this.#recoveries.send(call, scripts.recover, [key], [...args])
    const [serverMs, taken, next, configured] = reply
    this.#registrations.noteConfigured([queue], configured === 1 ? [queue] : [])
    this.#clock.update(serverMs, sentAtMs)
    if (taken.equals(STALLED)) {
      this.#recoverFromMs = performance.now() + leaseMs
      return { jobs: [] }
    }
    const { jobs } = await this.#recoveries.addLost(decodeClaim(taken), call, resent)
    return next < 0 ? { jobs } : { jobs, next }
  }

  shareWaits(): void {
    this.#signal.share()
  }

  /** Claims along with the wait if there is one queue, see {@link WorkSignal.claimFrom}. */
  async waitForWork(
    queues: readonly string[],
    timeoutMs: number,
    signal: AbortSignal,
    claim?: ClaimRequest,
    shown?: WorkerState,
  ): Promise<ClaimReply | undefined> {
    if (claim !== undefined && queues.length === 1) {
      const instance = this.#registrations.instanceOf(claim.workerName)
      if (instance !== undefined) return this.#waitAndClaim(claim, instance, shown, timeoutMs, signal)
    }
    await this.#signal.wait(queues, timeoutMs, signal)
    return undefined
  }

  async onCommand(workerName: string, listener: (command: WorkerCommand) => void): Promise<() => Promise<void>> {
    const { end, subscribed } = this.#connections.subscribe(this.#keys.commands(workerName), (message) => {
      const command = readCommand(String(message))
      if (command !== undefined) listener(command)
    })
    try {
      await subscribed
    } catch (error) {
      end()
      const refused = redisError(error, this.#connections.where)
      if (refused.code !== 'RQ_REDIS_AUTH') throw refused
      const { cause, details, message } = refused
      const advice = `A worker listens to the channels &${this.#keys.commands('*')}`
      throw new RqError('RQ_REDIS_AUTH', `${message} ${advice}`, { cause, details })
    }
    return async () => end()
  }

  workers(queue?: string): Promise<WorkerRecord[]> {
    return this.#records.list(queue)
  }

  worker(name: string): Promise<WorkerRecord | undefined> {
    return this.#records.find(name)
  }

  workerCount(queue?: string): Promise<number> {
    return this.#records.count(queue)
  }

  namesInUse(queue: string): Promise<NamesInUse> {
    return this.#records.namesInUse(queue)
  }

  disconnect(): void {
    this.#signal.disconnect()
  }

  async #waitAndClaim(
    claim: ClaimRequest,
    instance: string,
    shown: WorkerState | undefined,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ClaimReply | undefined> {
    const { leaseMs, want, workerName } = claim
    const [queue = ''] = claim.queues
    const largest = largestOf(claim)
    const call = { base: executionBase(claim.isPrefetch), queues: [queue], workerName, largest }
    const serverMs = this.#clock.nowMs()
    const aheadMs = serverMs === 0 ? 0 : Math.round(Date.now() - serverMs)
    const args = [
      this.#keys.prefix,
      aheadMs,
      want,
      workerName,
      instance,
      leaseMs,
      largest,
      call.base,
      shown ?? '',
      queue,
    ]
    const answer = await this.#signal.claimFrom(queue, timeoutMs, signal, (client) =>
      this.#claims.send(call, scripts.claimWaiting, [this.#keys.suspended], args as ClaimWaitingArguments, client),
    )
    if (answer === undefined) {
      this.#claims.abandon(call)
      return undefined
    }
    const [packed, isMore] = answer.reply
    const claimed = await this.#claims.addLost(decodeClaim(packed), call, answer.resent)
    return isMore === 1 ? { ...claimed, again: true } : claimed
  }
}

type ClaimWaitingArguments = WordsOf<typeof scripts.claimWaiting>[1]
