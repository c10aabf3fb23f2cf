import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { checkOptionNames, invalidOption, type OptionNames, RqError, show } from '@rq/core'
import { type CallbackRecord, DEFAULT_LIMITS, type JobRecord, type Payload } from '@rq/job'
import { inflateData } from './payload-codec.ts'
import { readKeys, type SigningKeys } from './signing-keys.ts'

/** How jobs are signed when they are enqueued. */
export interface SignOptions {
  /** Secret keys by their ids. */
  readonly keys: SigningKeys
  /** The id of the key that signs. */
  readonly active: string
}

/** Which signatures a worker accepts. */
export interface RequireSignatureOptions {
  /** Secret keys by their ids: the active one of the producers, and older ones of jobs that still wait. */
  readonly keys: SigningKeys
}

const SIGN_NAMES: OptionNames<SignOptions> = { keys: true, active: true }
/** The names of {@link RequireSignatureOptions}. */
export const REQUIRE_SIGNATURE_NAMES: OptionNames<RequireSignatureOptions> = { keys: true }

const VERSION = 'v1'
/** Keeps the key's use for jobs apart from any other use of it. */
const PURPOSE = 'rq job signature'
const SIGNATURE = /^v1:([A-Za-z0-9_-]{1,64}):([A-Za-z0-9+/]{43}=)$/

/**
 * Signs what decides which code a job calls with what: its id, queue, stored call and creation time, the names of its
 * callbacks, and its webhooks. Its meta, times, counters, dependencies and results are not signed.
 */
export class JobSigner {
  readonly #keys: ReadonlyMap<string, KeyObject>
  readonly #active: string
  readonly #key: KeyObject
  readonly #mostInflated: number

  /**
   * @param mostInflated - bytes that compressed data may inflate to, `limits.inflated`. Default 64 MB.
   * @throws RqError `RQ_INVALID_OPTION`.
   */
  constructor(options: SignOptions, mostInflated = DEFAULT_LIMITS.inflated) {
    const { keys, active } = checkOptionNames(options, SIGN_NAMES, 'sign')
    this.#keys = readKeys(keys, 'sign.keys')
    const key = this.#keys.get(active)
    if (key === undefined) throw invalidOption('sign.active', active, 'the id of a key in sign.keys')
    this.#active = active
    this.#key = key
    this.#mostInflated = mostInflated
  }

  /** Sign a record as it is about to be stored, its call serialized. */
  sign(record: JobRecord): void {
    const data = inflateData(record.data, this.#mostInflated)
    const mac = macOf(this.#active, this.#key, record, data).toString('base64')
    record.signature = `${VERSION}:${this.#active}:${mac}`
  }

  /**
   * Check the signature of a record that was read, before it is signed for a new place: what others wrote into
   * the store must not get a signature here.
   * @throws RqError `RQ_SIGNATURE`, `RQ_TOO_LARGE`.
   */
  verify(record: JobRecord): void {
    verify(this.#keys, record, this.#mostInflated)
  }
}

/** Checks signatures. */
export class SignatureCheck {
  readonly #keys: ReadonlyMap<string, KeyObject>
  readonly #mostInflated: number

  /**
   * @param mostInflated - bytes that compressed data may inflate to, `limits.inflated`. Default 64 MB.
   * @throws RqError `RQ_INVALID_OPTION`.
   */
  constructor(keys: SigningKeys, mostInflated = DEFAULT_LIMITS.inflated) {
    this.#keys = readKeys(keys, 'requireSignature.keys')
    this.#mostInflated = mostInflated
  }

  /**
   * @returns the data of the record, inflated, so that no other reader has to inflate it again.
   * @throws RqError `RQ_SIGNATURE` unless one of the keys has signed this record as it is; `RQ_TOO_LARGE` for data that
   *   inflates to more than the limit.
   */
  verify(record: JobRecord): Payload {
    return verify(this.#keys, record, this.#mostInflated)
  }
}

function verify(keys: ReadonlyMap<string, KeyObject>, record: JobRecord, mostInflated: number): Payload {
  const { leftOutBytes, signature } = record
  if (leftOutBytes !== undefined) {
    throw refused(record, `its arguments of ${leftOutBytes} bytes are above the limit, so they were not read`)
  }
  if (signature === undefined) throw refused(record, 'it has no signature')
  const [, id = '', mac = ''] = SIGNATURE.exec(signature) ?? []
  if (id === '') throw refused(record, `its signature is not of the form ${VERSION}:key:hash`)
  const key = keys.get(id)
  if (key === undefined) throw refused(record, `it is signed with the key ${show(id)}, which is not known here`)
  const data = inflateData(record.data, mostInflated)
  if (!timingSafeEqual(macOf(id, key, record, data), Buffer.from(mac, 'base64'))) {
    throw refused(record, 'its signature does not match: it was changed, or belongs to another job or queue')
  }
  return data
}

function refused({ id }: JobRecord, why: string): RqError {
  return new RqError(
    'RQ_SIGNATURE',
    `Refused job ${id}: ${why}. Nothing of it was run. Enqueue it again by a program with the option 'sign' and a key that the worker knows.`,
    { details: { jobId: id } },
  )
}

/** Each part is preceded by its length, so that nothing can move from one part to the next. */
function macOf(keyId: string, key: KeyObject, record: JobRecord, data: Payload): Buffer {
  const { id, origin, onFailure, onStopped, onSuccess, retryOn } = record
  const callbacks = [onSuccess, onFailure, onStopped].map(nameOf)
  const parts = [PURPOSE, VERSION, keyId, id, origin, microseconds(record.createdAtMs), ...callbacks, webhooks(record)]
  // Only where there is one, so that what was signed without one stays valid.
  if (retryOn !== undefined) parts.push(retryOn)
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:${part}`)
  return hmac
    .update(`${Buffer.byteLength(data)}:`)
    .update(data)
    .digest()
}

function nameOf(callback: CallbackRecord | undefined): string {
  return callback?.name ?? ''
}

/** As a store writes times: whole microseconds. The fraction of the number is a little off. */
function microseconds(ms: number): string {
  const wholeMs = Math.floor(ms)
  return `${wholeMs * 1000 + Math.min(Math.round((ms - wholeMs) * 1000), 999)}`
}

/** Python writes the properties in another order. */
function webhooks({ webhooks = [] }: JobRecord): string {
  return webhooks.length === 0 ? '' : JSON.stringify(webhooks, (_, value: unknown) => inOrder(value))
}

function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
