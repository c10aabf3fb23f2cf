import type { ToHorse } from '../inside-horse/protocol.ts'
import { abortError } from '../inside-horse/run-task.ts'
import { type Perform, Runner } from '../inside-horse/runner.ts'
import type { HorseListener, HorsePort } from './horse-port.ts'

/**
 * No horse at all: jobs run in the worker's own event loop, `lanes` at once. It cannot be killed: `kill` only makes the
 * worker deaf to what still runs.
 */
export class InlineHorse implements HorsePort {
  readonly pid = undefined
  readonly #listener: HorseListener
  readonly #runner: Runner
  #over = false

  constructor(perform: Perform, lanes: number, listener: HorseListener) {
    this.#listener = listener
    this.#runner = new Runner({
      lanes,
      perform,
      abortError,
      tell: (message) => {
        if (!this.#over) listener.onMessage(message)
      },
    })
  }

  send(message: ToHorse): void {
    if (message.type === 'setup') setImmediate(() => this.#listener.onMessage({ type: 'ready' }))
    else if (message.type === 'quit') this.kill()
    else this.#runner.receive(message)
  }

  kill(): void {
    if (this.#over) return
    this.#over = true
    this.#listener.onExit({ code: 0, signal: null })
  }
}
