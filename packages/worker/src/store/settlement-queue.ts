import { MOST_SETTLED_AT_ONCE } from './next-step.ts'
import type { PendingSettlement } from './settlement-sender.ts'

/** A settling call whose values have so many bytes takes no more. */
const MOST_BYTES_SETTLED = 8 * 1024 ** 2

/** The settlements that wait to be sent, in order. */
export class SettlementQueue {
  #settlements: PendingSettlement[] = []

  get length(): number {
    return this.#settlements.length
  }

  add(settlement: PendingSettlement): void {
    this.#settlements.push(settlement)
  }

  /** Take out those that go into the next call. */
  take(): readonly PendingSettlement[] {
    return this.#settlements.splice(0, this.#countOfNext())
  }

  /** These were taken and not sent: they go first. */
  putBack(unsent: readonly PendingSettlement[]): void {
    if (unsent.length > 0) this.#settlements = [...unsent, ...this.#settlements]
  }

  #countOfNext(): number {
    const most = Math.min(this.#settlements.length, MOST_SETTLED_AT_ONCE)
    let count = 0
    for (let bytes = 0; count < most && bytes < MOST_BYTES_SETTLED; count++) {
      bytes += this.#settlements[count]?.bytes ?? 0
    }
    return count
  }
}
