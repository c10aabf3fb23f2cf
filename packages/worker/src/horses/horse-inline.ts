import type { ToHorse } from '../inside-horse/protocol.ts'
import { abortError } from '../inside-horse/run-task.ts'
import { Runner, type RunTask } from '../inside-horse/runner.ts'
import type { HorseListener, HorsePort } from './horse-port.ts'

/**
 * No horse at all: jobs run in the worker's own event loop, `slots` at once. It cannot be killed: `kill` only ignores
 * further messages; the jobs keep running.
 */
export class InlineHorse implements HorsePort {
  readonly pid = undefined
  readonly #listener: HorseListener
  readonly #runner: Runner
  readonly #unwatch: () => void
  #isGone = false

  /** @param watch - watches for the end of the process, until the function that it returns is called. */
  constructor(runTask: RunTask, slots: number, watch: () => () => void, listener: HorseListener) {
    this.#listener = listener
    this.#unwatch = watch()
    this.#runner = new Runner({
      slots,
      sharesTurns: true,
      runTask,
      abortError,
      send: (message) => {
        if (!this.#isGone) listener.onMessage(message)
      },
    })
  }

  send(message: ToHorse): void {
    if (message.type === 'setup') setImmediate(() => this.#listener.onMessage({ type: 'ready' }))
    else if (message.type === 'quit') this.kill()
    else this.#runner.receive(message)
  }

  kill(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#unwatch()
    this.#listener.onExit({ code: 0, signal: null })
  }
}
