import { Worker as Thread } from 'node:worker_threads'
import type { ToHorse } from '../inside-horse/protocol.ts'
import type { Program } from '../program.ts'
import { checkMessage } from './horse-messages.ts'
import type { HorseListener, HorsePort } from './horse-port.ts'
import { preloadFlags } from './preload-flags.ts'

/**
 * A horse in a thread of the worker's process. It is lighter than a process, and can be ended even in a busy loop; but
 * a crash of native code, or a full heap of the process, ends the worker with it.
 */
export class ThreadHorse implements HorsePort {
  readonly pid = undefined
  readonly #thread: Thread
  #cause: Error | undefined

  /**
   * @param imports - modules that the horse loads first.
   * @param env - its environment; undefined: a copy of the worker's.
   */
  constructor(
    { file, args }: Program,
    imports: readonly string[],
    env: NodeJS.ProcessEnv | undefined,
    listener: HorseListener,
  ) {
    this.#thread = new Thread(file, { argv: [...args], execArgv: preloadFlags(imports), env })
    this.#thread.on('message', (message: unknown) => {
      try {
        listener.onMessage(checkMessage(message))
      } catch (error) {
        listener.onInvalid(error)
      }
    })
    this.#thread.on('error', (cause) => {
      this.#cause = cause
    })
    this.#thread.on('exit', (code) => {
      listener.onExit({ code, signal: null, ...(this.#cause !== undefined && { cause: this.#cause }) })
    })
  }

  send(message: ToHorse): void {
    this.#thread.postMessage(message)
  }

  kill(): void {
    void this.#thread.terminate()
  }
}
