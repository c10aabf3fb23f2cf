import { FunctionLoader } from '@rq/functions'
import { errorText } from '@rq/queue/run'
import { loadSerializer } from './load-serializer.ts'
import type { FromHorse, HorseSetup, ToHorse } from './protocol.ts'
import { abortError, makePerform } from './run-task.ts'
import { Runner } from './runner.ts'
import { WorkerStorage } from './worker-storage.ts'

export interface StableOptions {
  readonly tell: (message: FromHorse) => void
  /** Gives the process its name. */
  readonly title?: (name: string) => void
  /** Called after each task. */
  readonly tidyUp?: () => void
  /** Bytes that it holds. Default: those of the process. */
  readonly memory?: () => number
}

/**
 * Where a horse lives in its process or thread: set up by the first message, then everything goes to its runner or
 * to those who wait for a reply of the worker.
 */
export class Stable {
  readonly #tell: (message: FromHorse) => void
  readonly #title: (name: string) => void
  readonly #tidyUp: () => void
  readonly #memory: () => number
  #storage: WorkerStorage | undefined
  #runner: Runner | undefined

  constructor(options: StableOptions) {
    this.#tell = options.tell
    this.#title = options.title ?? (() => {})
    this.#tidyUp = options.tidyUp ?? (() => {})
    this.#memory = options.memory ?? process.memoryUsage.rss
    process.on('uncaughtExceptionMonitor', (error) => this.#tell({ type: 'fatal', error: errorText(error) }))
  }

  receive(message: ToHorse): void {
    if (message.type === 'setup') void this.#setUp(message.setup)
    else if (message.type === 'quit') process.exit()
    else if (message.type === 'reply') this.#storage?.answer(message)
    else this.#runner?.receive(message)
  }

  /** Tell what is not told yet; for a process that ends. */
  flush(): void {
    this.#runner?.flush()
  }

  async #setUp(setup: HorseSetup): Promise<void> {
    this.#title(`rq horse ${setup.number} of ${setup.workerName}`)
    const { importPaths, allow, exceptionHandlers } = setup
    const loader = new FunctionLoader({ importPaths, allow })
    const serializer = await loadSerializer(setup.serializer)
    const worker = new WorkerStorage(this.#tell, setup.storage)
    const { storage } = worker
    const prepareClient = () => worker.prepareClient()
    const perform = makePerform({ storage, serializer, loader, exceptionHandlers, prepareClient })
    this.#storage = worker
    const [onEnd, memory] = [this.#tidyUp, this.#memory]
    this.#runner = new Runner({ lanes: 1, perform, abortError, tell: this.#tell, onEnd, memory })
    this.#tell({ type: 'ready' })
  }
}
