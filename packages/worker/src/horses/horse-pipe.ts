import type { Writable } from 'node:stream'
import { writeLine } from '../inside-horse/lines.ts'
import type { ToHorse } from '../inside-horse/protocol.ts'
import { isLarge, lineParts } from './large-line.ts'

/**
 * Writes messages into the pipe of a horse, in order. A message with large payloads is written in pieces, the next one
 * when the horse has taken those before: so the worker has no copy of them as a line.
 */
export class HorsePipe {
  readonly #pipe: Writable
  /** Messages behind a large one that is being written. */
  #waiting: ToHorse[] | undefined

  constructor(pipe: Writable) {
    this.#pipe = pipe
  }

  /** Never throws: a message to a horse that is gone is lost. */
  send(message: ToHorse): void {
    if (!this.#pipe.writable) return
    if (this.#waiting !== undefined) this.#waiting.push(message)
    else if (isLarge(message)) void this.#writeFrom(message)
    else this.#pipe.write(writeLine(message))
  }

  /** Write a large message, and those that come meanwhile. Never rejects. */
  async #writeFrom(first: ToHorse): Promise<void> {
    const waiting = [first]
    this.#waiting = waiting
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
      const parts = isLarge(message) ? lineParts(message) : [writeLine(message)]
      for (const part of parts) {
        if (!this.#pipe.writable) return
        if (!this.#pipe.write(part)) await this.#hasRoom()
      }
    }
    this.#waiting = undefined
  }

  #hasRoom(): Promise<void> {
    const pipe = this.#pipe
    return new Promise((resolve) => {
      const end = () => {
        pipe.off('drain', end).off('close', end)
        resolve()
      }
      pipe.on('drain', end).on('close', end)
    })
  }
}
