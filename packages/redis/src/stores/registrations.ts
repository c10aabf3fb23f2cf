import type { HeartbeatReply, Lease, NameHolder, WorkerHeartbeat, WorkerIdentity } from '@rq/job'
import { stampNow } from '../codec/time.ts'
import { encodeNewWorker } from '../codec/worker-codec.ts'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { LEASE_PAGE, leaseWords } from './leases-of-calls.ts'

/** RQ's word. */
const UNKNOWN_ADDRESS = 'unknown'

/** The workers that this process registers, and keeps registered by their heartbeats. */
export class Registrations {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #births = new Map<string, string>()
  /** Of the workers that are registered, by name. */
  readonly #instances = new Map<string, string>()
  readonly #configured = new Set<string>()
  /** Host and port of the connection at the last registration. */
  #address = UNKNOWN_ADDRESS

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  /** The instance of a worker; undefined when it is not registered. */
  instanceOf(name: string): string | undefined {
    return this.#instances.get(name)
  }

  /** Queues of registered workers that are configured, as of their latest calls. */
  get configuredQueues(): ReadonlySet<string> {
    return this.#configured
  }

  async begin(worker: WorkerIdentity, leaseMs: number): Promise<NameHolder | undefined> {
    const { instance, name, queues, ttlS } = worker
    this.#address = await addressOf(this.#connections)
    const fields = encodeNewWorker(worker, this.#birthOf(worker), this.#address)
    const [answer, aliveUntil, leftMs, configured] = await this.#connections.run(
      scripts.register,
      [this.#keys.workers],
      [this.#keys.prefix, name, instance, ttlS, leaseMs, queues.length, ...queues, ...fields],
    )
    if (answer === 'registered') {
      this.#instances.set(name, instance)
      this.noteConfigured(queues, configured)
      return undefined
    }
    return { lastBeat: aliveUntil || undefined, freeInMs: leftMs }
  }

  async end({ instance, name, queues }: WorkerIdentity): Promise<void> {
    this.#instances.delete(name)
    await this.#connections.run(
      scripts.unregister,
      [this.#keys.workers],
      [this.#keys.prefix, name, instance, stampNow(), ...queues],
    )
    this.#births.delete(name)
  }

  /** Each step renews up to {@link LEASE_PAGE} leases. */
  async heartbeat(beat: WorkerHeartbeat): Promise<HeartbeatReply> {
    const { isNameTaken, lost } = await this.#beat(beat, beat.leases.slice(0, LEASE_PAGE))
    const all = [...lost]
    for (let at = LEASE_PAGE; at < beat.leases.length; at += LEASE_PAGE) {
      all.push(...(await this.#beat(beat, beat.leases.slice(at, at + LEASE_PAGE))).lost)
    }
    return { lost: all, isNameTaken }
  }

  /** Renew some of the leases. Returns those that are lost. */
  async #beat(beat: WorkerHeartbeat, leases: readonly Lease[]): Promise<HeartbeatReply> {
    const { worker } = beat
    const fields = encodeNewWorker(worker, this.#birthOf(worker), this.#address)
    const [name, lost, configured] = await this.#connections.runPromptly(
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
    this.noteConfigured(worker.queues, configured)
    const isNameTaken = name === 'taken'
    if (lost.length === 0) return { lost: [], isNameTaken }
    const lostExecutions = new Set(lost.filter((_, index) => index % 2 === 1))
    return { lost: leases.filter((lease) => lostExecutions.has(lease.executionId)), isNameTaken }
  }

  /** The worker's thread may send its heartbeats: then its recoveries say which queues are configured. */
  noteConfigured(queues: readonly string[], configured: readonly string[]): void {
    for (const queue of queues) this.#configured.delete(queue)
    for (const queue of configured) this.#configured.add(queue)
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

/** Host and port of the connection as Redis sees it. Unknown where Redis does not say it. */
async function addressOf(connections: Connections): Promise<string> {
  const info = await connections.call((client) => client.call('CLIENT', 'INFO')).catch(() => '')
  return /(?:^| )addr=(\S+)/.exec(String(info))?.[1] ?? UNKNOWN_ADDRESS
}
