import type { ClaimReply } from '@rq/job'
import { decodeClaim } from '../codec/claim-codec.ts'
import type { Connections } from '../connection/connections.ts'
import type { Script, ScriptArgument } from '../connection/script.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'

/** A call that leases jobs. */
export interface LeasingCall {
  /** What the execution ids of its leases begin with. */
  readonly base: string
  readonly workerName: string
  readonly queues: readonly string[]
}

interface LostReply extends LeasingCall {
  /** Executions that the call told of after all. */
  readonly told: readonly string[]
}

/**
 * Calls that lease jobs. Where a reply was lost, what that call leased is found again, by the same call or by the next
 * one: once, whoever asks.
 */
export class LeasingCalls {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #underWay = new Set<LeasingCall>()
  #lost: LostReply[] = []

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  /** Bases of the calls of a worker that may have leased jobs of which nobody here knows. */
  unanswered(workerName: string): string[] {
    const lost = this.#lost.filter(({ told }) => told.length === 0)
    return [...this.#underWay, ...lost].filter((call) => call.workerName === workerName).map(({ base }) => base)
  }

  /** Run the script of a call. When it fails it may have run all the same. */
  async send<KeyNames extends readonly string[], Args extends readonly ScriptArgument[]>(
    call: LeasingCall,
    script: Script<KeyNames, Args>,
    keys: KeyNames,
    args: Args,
  ): Promise<{ reply: unknown; resent: boolean }> {
    this.#underWay.add(call)
    try {
      return await this.#connections.runNoting(script, keys, args)
    } catch (error) {
      this.#lost.push({ ...call, told: [] })
      throw error
    } finally {
      this.#underWay.delete(call)
    }
  }

  /** What a call told of, and what was leased without a word: by earlier ones, and by this one if it was sent twice. */
  async complete(told: ClaimReply, call: LeasingCall, resent: boolean): Promise<ClaimReply> {
    if (resent) this.#lost.push({ ...call, told: told.jobs.map(({ executionId }) => executionId) })
    if (this.#lost.length === 0) return told
    const lost = this.#lost
    this.#lost = []
    const queues = new Set(lost.flatMap((reply) => reply.queues))
    const rest = [this.#keys.prefix, lost.length, ...lost.map(({ base }) => base), ...queues] as const
    try {
      const found = decodeClaim(await this.#connections.run(scripts.reclaim, [this.#keys.queues], [...rest], true))
      const known = new Set(lost.flatMap((reply) => reply.told))
      const news = found.jobs.filter(({ executionId }) => !known.has(executionId))
      return news.length === 0 ? told : { ...told, jobs: [...told.jobs, ...news] }
    } catch {
      // What this call told of must not be lost with it; the next one looks again.
      this.#lost.push(...lost)
      return told
    }
  }
}
