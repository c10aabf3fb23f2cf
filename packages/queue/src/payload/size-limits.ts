import { type Logger, RqError, silentLogger } from '@rq/core'
import { DEFAULT_LIMITS, type JobRecord, type Limits, largestPayload, type Payload } from '@rq/job'

/** What is checked: a name of {@link Limits}, and the word for it. */
type Part = 'arguments' | 'meta' | 'result'

const WORDS: Readonly<Record<Part, string>> = { arguments: 'arguments', meta: 'meta', result: 'return value' }

const ADVICE = 'store the data elsewhere and pass its address'

/** A character takes at most this many bytes of UTF-8. */
const BYTES_PER_CHARACTER = 3

/** Names and parts that were logged in this process. */
const warned = new Set<string>()
const MOST_WARNED = 1000

/** Checks the sizes of payloads. A payload that is far from each limit is not measured, so it costs nothing. */
export class SizeLimits {
  readonly limits: Limits
  readonly logger: Logger

  constructor(limits: Limits = DEFAULT_LIMITS, logger: Logger = silentLogger) {
    this.limits = limits
    this.logger = logger
  }

  /**
   * Check a payload that is about to be stored, and log one that is large, once for each owner and part.
   * @param owner - names the function, or the job, in the error and in the log.
   * @throws RqError `RQ_TOO_LARGE`.
   */
  check(part: Part, payload: Payload, owner: () => string): void {
    const { warnAt } = this.limits
    const most = this.limits[part]
    if (isSurelyWithin(payload, Math.min(warnAt, most))) return
    const bytes = Buffer.byteLength(payload)
    if (bytes > most) throw tooLarge(part, owner(), bytes, most)
    if (bytes > warnAt) this.#warn(part, owner(), bytes)
  }

  /** Refuse a job that comes without its data, since it was too large. @throws RqError `RQ_TOO_LARGE`. */
  checkWhole({ id, leftOutBytes }: JobRecord): void {
    if (leftOutBytes !== undefined) throw tooLarge('arguments', `job ${id}`, leftOutBytes, this.limits.arguments)
  }

  /** How large a payload may be that is read. */
  get largest(): number {
    return largestPayload(this.limits)
  }

  /** Refuse to read a payload that was left out when its job was fetched. @throws RqError `RQ_TOO_LARGE`. */
  checkFetched(part: Part, bytes: number | undefined, jobId: string): void {
    if (bytes !== undefined) throw this.tooLarge(part, bytes, jobId)
  }

  /** The error of a stored payload that was not read. */
  tooLarge(part: Part, bytes: number, jobId: string): RqError {
    return tooLarge(part, `job ${jobId}`, bytes, this.limits[part])
  }

  /** Check a payload that was stored by others. @throws RqError `RQ_TOO_LARGE`. */
  checkStored(part: Part, payload: Payload, jobId: string): void {
    const most = this.limits[part]
    if (isSurelyWithin(payload, most)) return
    const bytes = Buffer.byteLength(payload)
    if (bytes > most) throw tooLarge(part, `job ${jobId}`, bytes, most)
  }

  #warn(part: Part, owner: string, bytes: number): void {
    const key = `${part} ${owner}`
    if (this.logger === silentLogger || warned.has(key) || warned.size >= MOST_WARNED) return
    warned.add(key)
    const { limits } = this
    this.logger.warn(`Large ${WORDS[part]} of ${owner}: better ${ADVICE}`, { bytes, limit: limits[part] })
  }
}

/** Of a call without limits of its own. */
export const DEFAULT_SIZE_LIMITS = new SizeLimits()

function tooLarge(limit: Part, owner: string, bytes: number, most: number): RqError {
  return new RqError(
    'RQ_TOO_LARGE',
    `Too large: ${WORDS[limit]} of ${owner}, ${bytes} bytes; the limit is ${most}. ` +
      `Better ${ADVICE}, or raise limits.${limit}.`,
    { details: { limit, bytes, most } },
  )
}

function isSurelyWithin(payload: Payload, most: number): boolean {
  return typeof payload === 'string' ? payload.length * BYTES_PER_CHARACTER <= most : payload.length <= most
}
