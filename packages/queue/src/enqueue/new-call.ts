import type { LocateOptions } from '@rq/functions'
import type { CheckedOptions, FunctionRef, JobRecord } from '@rq/job'
import type { JobContext } from '../context.ts'
import { encodeRecord } from '../payload/payload-codec.ts'
import { type CallNames, cachedNames, findNames } from './call-names.ts'
import { CallOrder } from './call-order.ts'
import { newRecord, type RecordDefaults } from './new-record.ts'

/** A call that is about to be enqueued. */
export interface NewCall {
  readonly names: CallNames
  readonly record: JobRecord
  /** The record as it will be stored: with a codec, what that has encoded. */
  readonly stored: JobRecord
}

/** Makes the records of a queue's calls, in the order in which they were made. */
export class NewCalls {
  readonly #context: JobContext
  readonly #locate: LocateOptions
  readonly #order = new CallOrder()

  constructor(context: JobContext, locate: LocateOptions) {
    this.#context = context
    this.#locate = locate
  }

  /**
   * Make the record of a call. At once in the usual case, since a promise costs as much as the record: it has to wait
   * only for a function to be located, for a codec, and for calls before it that wait.
   * @throws RqError as `newRecord`, or rejects with it.
   */
  make(
    func: FunctionRef,
    args: readonly unknown[],
    options: CheckedOptions,
    defaults: RecordDefaults,
  ): NewCall | Promise<NewCall> {
    if (this.#context.codec === undefined && this.#order.isEmpty) {
      const names = cachedNames(func, options, this.#locate)
      if (names !== undefined) {
        const record = newRecord(names, args, options, defaults)
        return { names, record, stored: record }
      }
    }
    return this.#order.wait(this.#makeLater(func, args, options, defaults))
  }

  /** The result of other work for a call of the queue, in the order of its calls. */
  inOrder<T>(work: Promise<T>): Promise<T> {
    return this.#order.wait(work)
  }

  /** @throws RqError `RQ_INVALID_REFERENCE` for a function that workers cannot import. */
  async namesOf(func: FunctionRef, options: CheckedOptions): Promise<CallNames> {
    return cachedNames(func, options, this.#locate) ?? findNames(func, options, this.#locate)
  }

  /** {@link namesOf} of many calls, in their order. */
  async namesOfAll(calls: readonly { func: FunctionRef; options: CheckedOptions }[]): Promise<CallNames[]> {
    const known = calls.map(({ func, options }) => cachedNames(func, options, this.#locate))
    if (known.every((names) => names !== undefined)) return known
    return Promise.all(calls.map(({ func, options }, at) => known[at] ?? findNames(func, options, this.#locate)))
  }

  async #makeLater(
    func: FunctionRef,
    args: readonly unknown[],
    options: CheckedOptions,
    defaults: RecordDefaults,
  ): Promise<NewCall> {
    const names = await this.namesOf(func, options)
    const record = newRecord(names, args, options, defaults)
    const { codec, limits } = this.#context
    return { names, record, stored: codec === undefined ? record : await encodeRecord(codec, record, limits) }
  }
}
