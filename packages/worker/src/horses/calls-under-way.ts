import { show } from '@rq/core'
import { InvalidMessage } from '../inside-horse/invalid-message.ts'
import { type CallKind, kindOfCall, MOST_CALLS } from '../inside-horse/protocol.ts'

/** The calls of one horse that have no answer yet. A horse keeps more than so many of them to itself. */
export class CallsUnderWay {
  readonly #count: Record<CallKind, number> = { wait: 0, read: 0, other: 0 }

  /** @throws InvalidMessage when there are too many. */
  begin(method: string): void {
    const kind = kindOfCall(method)
    if (this.#count[kind] >= MOST_CALLS[kind]) {
      throw new InvalidMessage(`more than ${MOST_CALLS[kind]} calls such as ${show(method)} are under way`)
    }
    this.#count[kind]++
  }

  end(method: string): void {
    this.#count[kindOfCall(method)]--
  }
}
