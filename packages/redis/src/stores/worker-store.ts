import { RqError, randomHex, SECOND_MS } from '@rq/core'
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
  RecoverReply,
  RecoverRequest,
  SetAsideRequest,
  SettleAnswer,
  Settlement,
  SettleReply,
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
import { encodeSettlements } from '../codec/settle-arguments.ts'
import { stampNow } from '../codec/time.ts'
import { decodeWorker, encodeNewWorker } from '../codec/worker-codec.ts'
import type { Connections } from '../connection/connections.ts'
import { redisError } from '../connection/redis-error.ts'
import type { WordsOf } from '../connection/script.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { cleanUp } from './cleanup.ts'
import { releaseSomeDependents } from './dependent-steps.ts'
import { leasesOfCalls, leaseWords } from './leases-of-calls.ts'
import { LostReplies } from './lost-replies.ts'
import { unlessOtherType } from './other-type.ts'
import { ServerClock } from './server-clock.ts'
import { WorkSignal } from './work-signal.ts'

/**
 * Execution ids are 12 random hex characters of the claim and 8 of the job's place in it. They only need to differ
 * among the executions of one job. Short ones let Redis keep a small set of leases in its compact form, with members of
 * up to 64 bytes.
 */
const EXECUTION_BASE_LENGTH = 12
/** The first digit of an execution id says whether the job was prefetched; recover.lua reads it. */
const PREFETCHED = 'f'
const NOT_PREFETCHED = '0'
/** A year. */
const LONGEST_TURN_MS = 365 * 24 * 60 * 60 * SECOND_MS
/** How many leases one step renews or gives back, so that no step blocks Redis for long. */
const LEASE_PAGE = 250

/** RQ's word. */
const UNKNOWN_ADDRESS = 'unknown'

const largestOf = ({ largestBytes = DEFAULT_LIMITS.arguments }: Pick<ClaimRequest, 'largestBytes'> = {}) => largestBytes

export class RedisWorkerStore implements WorkerStore {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #signal: WorkSignal
  readonly #births = new Map<string, string>()
  /** Of the workers that are registered, by name. */
  readonly #instances = new Map<string, string>()
  /** Host and port of the connection at the last registration. */
  #address = UNKNOWN_ADDRESS
  readonly #claims: LostReplies
  readonly #recoveries: LostReplies
  readonly #clock = new ServerClock()
  /** Nothing is recovered before this time, by `performance.now()`. */
  #recoverFromMs = 0

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
    this.#signal = new WorkSignal(connections, keys)
    this.#claims = new LostReplies(connections, keys)
    this.#recoveries = new LostReplies(connections, keys)
  }

  async register(worker: WorkerIdentity, leaseMs: number): Promise<NameHolder | undefined> {
    const { instance, name, queues, ttlS } = worker
    this.#address = await addressOf(this.#connections)
    const fields = encodeNewWorker(worker, this.#birthOf(worker), this.#address)
    const [answer, aliveUntil, leftMs] = await this.#connections.run(
      scripts.register,
      [this.#keys.workers],
      [this.#keys.prefix, name, instance, ttlS, leaseMs, queues.length, ...queues, ...fields],
    )
    if (answer === 'registered') {
      this.#instances.set(name, instance)
      return undefined
    }
    return { lastBeat: aliveUntil || undefined, freeInMs: leftMs }
  }

  async unregister(worker: WorkerIdentity): Promise<void> {
    const { instance, name, queues } = worker
    this.#instances.delete(name)
    const bases = this.#claims.basesWithoutReply(name)
    await this.#connections.run(
      scripts.unregister,
      [this.#keys.workers],
      [this.#keys.prefix, name, instance, stampNow(), ...queues],
    )
    // Only now, since a claim that still waits in Redis takes nothing any more.
    if (bases.length > 0) await this.giveBack(await leasesOfCalls(this.#connections, this.#keys, queues, bases))
    this.#births.delete(worker.name)
  }

  /** Each step renews up to 250 leases. */
  async heartbeat(beat: WorkerHeartbeat): Promise<HeartbeatReply> {
    const { isNameTaken, lost } = await this.#beat(beat, beat.leases.slice(0, LEASE_PAGE))
    const all = [...lost]
    for (let at = LEASE_PAGE; at < beat.leases.length; at += LEASE_PAGE) {
      all.push(...(await this.#beat(beat, beat.leases.slice(at, at + LEASE_PAGE))).lost)
    }
    return { lost: all, isNameTaken }
  }

  async shutdownRequested(workerName: string): Promise<void> {
    await this.#connections.call((client) =>
      client.hset(this.#keys.worker(workerName), 'shutdown_requested_date', stampNow()),
    )
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
    const call = { base, queues, workerName, largest }
    const { reply, resent } = await this.#claims.send(
      call,
      scripts.settle,
      [this.#keys.suspended],
      [
        ...([this.#keys.prefix, stampNow(), claim?.want ?? 0, workerName, claim?.leaseMs ?? 0, largest] as const),
        ...([base, workedMs / SECOND_MS, shown ?? '', packList(encodeSettlements(settlements, workerName))] as const),
        ...queues,
      ],
    )
    const [letters, packed, hasMore] = reply
    const answers = settlements.map((settlement, index) => {
      const answer = ANSWERS.get(letters[index]) ?? 'applied'
      return resent && mayBeAppliedBefore(settlement, answer) ? 'applied' : answer
    })
    const claimed = decodeClaim(packed)
    return {
      answers,
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
    const [serverMs, taken, next] = reply
    this.#clock.update(serverMs, sentAtMs)
    if (taken.equals(STALLED)) {
      this.#recoverFromMs = performance.now() + leaseMs
      return { jobs: [] }
    }
    const { jobs } = await this.#recoveries.addLost(decodeClaim(taken), call, resent)
    return next < 0 ? { jobs } : { jobs, next }
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
      const instance = this.#instances.get(claim.workerName)
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

  async workers(queue?: string): Promise<WorkerRecord[]> {
    const keys = await this.#connections.call((client) => client.smembers(this.#workerSet(queue)))
    const start = this.#keys.worker('')
    const names = keys.filter((key) => key.startsWith(start)).map((key) => key.slice(start.length))
    const records = await Promise.all(names.map((name) => unlessOtherType(this.#record(name))))
    return records.filter((record) => record !== undefined).sort((a, b) => a.name.localeCompare(b.name))
  }

  workerCount(queue?: string): Promise<number> {
    return this.#connections.call((client) => client.scard(this.#workerSet(queue)))
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

  /** Python workers of RQ 3 do not write which job they run: it is in the set of their executions. */
  async #record(name: string): Promise<WorkerRecord | undefined> {
    const key = this.#keys.worker(name)
    const record = decodeWorker(name, await this.#connections.call((client) => client.hgetall(key)))
    if (record?.state !== 'busy' || record.currentJobId !== undefined) return record
    const members = await this.#connections.call((client) => client.smembers(this.#keys.workerExecutions(name)))
    for (const member of members.sort()) {
      // A member stays when its execution has expired.
      const exists = await this.#connections.call((client) => client.exists(this.#keys.execution(member)))
      if (exists === 1) return { ...record, currentJobId: member.slice(0, member.indexOf(':')) }
    }
    return record
  }

  /** Renew some of the leases. Returns those that are lost. */
  async #beat(beat: WorkerHeartbeat, leases: readonly Lease[]): Promise<HeartbeatReply> {
    const { worker } = beat
    const fields = encodeNewWorker(worker, this.#birthOf(worker), this.#address)
    const [name, lost] = await this.#connections.runPromptly(
      scripts.heartbeat,
      [this.#keys.workers],
      [
        ...([this.#keys.prefix, worker.name, worker.instance, stampNow(), worker.ttlS, beat.leaseMs] as const),
        ...([beat.state, beat.currentJobId ?? '', beat.keepState ?? false] as const),
        ...([worker.queues.length, fields.length] as const),
        ...worker.queues,
        ...fields,
        ...leaseWords(leases),
      ],
    )
    const isNameTaken = name === 'taken'
    if (lost.length === 0) return { lost: [], isNameTaken }
    const lostExecutions = new Set(lost.filter((_, index) => index % 2 === 1))
    return { lost: leases.filter((lease) => lostExecutions.has(lease.executionId)), isNameTaken }
  }

  #workerSet(queue: string | undefined): string {
    return queue === undefined ? this.#keys.workers : this.#keys.queueWorkers(queue)
  }

  /** When the worker was registered first. Stays the same if its record has to be written again. */
  #birthOf(worker: WorkerIdentity): string {
    const known = this.#births.get(worker.name)
    if (known !== undefined) return known
    const birth = stampNow()
    this.#births.set(worker.name, birth)
    return birth
  }
}

type ClaimWaitingArguments = WordsOf<typeof scripts.claimWaiting>[1]

/** The reply of recover.lua if Redis was paused or unreachable. */
const STALLED = Buffer.from('stalled')

/** The answers, by the letters of settle.lua. */
const ANSWERS: ReadonlyMap<number | undefined, SettleAnswer> = new Map([
  ['a'.charCodeAt(0), 'applied'],
  ['l'.charCodeAt(0), 'lost'],
  ['g'.charCodeAt(0), 'gone'],
])

/** Whether a settlement of a call that was sent twice may have been applied the first time. */
function mayBeAppliedBefore({ to, keepS }: Settlement, answer: SettleAnswer): boolean {
  if (answer === 'gone') return keepS === 0
  return answer === 'lost' && (to === 'queued' || to === 'scheduled')
}

function executionBase(isPrefetch = false): string {
  return (isPrefetch ? PREFETCHED : NOT_PREFETCHED) + randomHex().slice(0, EXECUTION_BASE_LENGTH - 1)
}

/** Host and port of the connection as Redis sees it. Unknown where Redis does not say it. */
async function addressOf(connections: Connections): Promise<string> {
  const info = await connections.call((client) => client.call('CLIENT', 'INFO')).catch(() => '')
  return /(?:^| )addr=(\S+)/.exec(String(info))?.[1] ?? UNKNOWN_ADDRESS
}
