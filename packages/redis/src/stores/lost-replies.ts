import type { Claimed, ClaimReply, Lease } from '@rq/job'
import { decodeClaim } from '../codec/claim-codec.ts'
import type { Connections } from '../connection/connections.ts'
import type { Client, Script, ScriptArgument } from '../connection/script.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { leasesOfCalls, leaseWords } from './leases-of-calls.ts'

/** How many jobs one step reads, so that no step blocks Redis for long. */
const RECLAIM_PAGE = 500

/** A call that leases jobs. */
export interface LeasingCall {
  /** What the execution ids of its leases begin with. */
  readonly base: string
  readonly workerName: string
  readonly queues: readonly string[]
  /** As `largestBytes` of a claim. */
  readonly largest: number
}

interface LostReply extends LeasingCall {
  /** Executions that a later reply to the same call named. */
  readonly known: readonly string[]
}

/**
 * Sends calls that lease jobs, and remembers those whose reply was lost. The jobs that such a call leased are found
 * again by the same call or the next one, and returned once.
 */
export class LostReplies {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #underWay = new Set<LeasingCall>()
  /** Calls under way whose reply is not read any more. */
  readonly #abandoned = new Set<LeasingCall>()
  #lost: LostReply[] = []

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  /** Bases of the calls of a worker that may have leased jobs that are not known here. */
  basesWithoutReply(workerName: string): string[] {
    const lost = this.#lost.filter(({ known }) => known.length === 0)
    return [...this.#underWay, ...lost].filter((call) => call.workerName === workerName).map(({ base }) => base)
  }

  /** The reply of a call that is under way will not be read: it counts as lost. */
  abandon(call: LeasingCall): void {
    if (this.#underWay.has(call)) this.#abandoned.add(call)
  }

  /** Run the script of a call, by default on the main client. If it fails, it may have run nevertheless. */
  async send<KeyNames extends readonly string[], Args extends readonly ScriptArgument[], Reply>(
    call: LeasingCall,
    script: Script<KeyNames, Args, Reply>,
    keys: KeyNames,
    args: Args,
    client?: Client,
  ): Promise<{ reply: Reply; resent: boolean }> {
    this.#underWay.add(call)
    try {
      const answer = await this.#connections.runNotingResend(script, keys, args, client)
      if (this.#abandoned.has(call)) this.#lost.push({ ...call, known: [] })
      return answer
    } catch (error) {
      this.#lost.push({ ...call, known: [] })
      throw error
    } finally {
      this.#underWay.delete(call)
      this.#abandoned.delete(call)
    }
  }

  /**
   * Add the jobs to a reply that were leased by calls whose reply was lost: earlier ones, and this one if it was
   * resent.
   */
  async addLost(reply: ClaimReply, call: LeasingCall, resent: boolean): Promise<ClaimReply> {
    if (resent) this.#lost.push({ ...call, known: reply.jobs.map(({ executionId }) => executionId) })
    if (this.#lost.length === 0) return reply
    const lost = this.#lost
    this.#lost = []
    const queues = new Set(lost.flatMap((one) => one.queues))
    const bases = lost.map(({ base }) => base)
    try {
      const known = new Set(lost.flatMap((one) => one.known))
      const leases = await leasesOfCalls(this.#connections, this.#keys, queues, bases)
      const jobs = await this.#read(
        leases.filter(({ executionId }) => !known.has(executionId)),
        call.largest,
      )
      return jobs.length === 0 ? reply : { ...reply, jobs: [...reply.jobs, ...jobs] }
    } catch {
      // The jobs of this reply must not be lost as well. The next call looks again.
      this.#lost.push(...lost)
      return reply
    }
  }
  /** Read the jobs of leases, without those that have lost theirs. */
  async #read(leases: readonly Lease[], largest: number): Promise<Claimed[]> {
    const jobs: Claimed[] = []
    for (let at = 0; at < leases.length; at += RECLAIM_PAGE) {
      const args = [this.#keys.prefix, largest, ...leaseWords(leases.slice(at, at + RECLAIM_PAGE))] as const
      const packed = await this.#connections.run(scripts.reclaim, [this.#keys.queues], [...args])
      jobs.push(...decodeClaim(packed).jobs)
    }
    return jobs
  }
}
