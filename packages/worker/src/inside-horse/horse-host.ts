import type { Writable } from 'node:stream'
import { type Logger, RqError, silentLogger, within } from '@rq/core'
import { FunctionLoader } from '@rq/functions'
import type { OpenJobs } from '@rq/jobs/run'
import { getCurrentJob } from '@rq/queue'
import { errorName, errorText, SignatureCheck, SizeLimits } from '@rq/queue/run'
import { Leftovers } from './leftovers.ts'
import { loadCodec } from './load-codec.ts'
import { openJobs } from './load-jobs.ts'
import { loadSerializer } from './load-serializer.ts'
import { DRAIN_MS, type FromHorse, type HorseSetup, type ToHorse } from './protocol.ts'
import { abortError, makeRunTask } from './run-task.ts'
import { Runner } from './runner.ts'
import { WorkerStorage } from './worker-storage.ts'

export interface HorseHostOptions {
  /** Sends a message to the worker. */
  readonly send: (message: FromHorse) => void
  /** Sets the process title. */
  readonly setTitle?: (title: string) => void
  /** Called with an uncaught error that ends this process, after the message about it, if the worker logs it. */
  readonly onFatal?: () => void
  /** Called after each task. */
  readonly onEnd?: () => void
  /** Measures the memory of the horse in bytes. Default: the resident memory of the process. */
  readonly memory?: () => number
}

/**
 * The inside of a horse, in its process or thread. The first message sets it up; later ones go to its runner, or to the
 * calls that wait for a reply of the worker.
 */
export class HorseHost {
  readonly #send: (message: FromHorse) => void
  readonly #setTitle: (name: string) => void
  readonly #onEnd: () => void
  readonly #memory: () => number
  #storage: WorkerStorage | undefined
  #runner: Runner | undefined
  #jobs: OpenJobs | undefined
  #hasQuit = false
  #isLogged = false
  /** The jobs have a codec: what they throw may hold what it encodes. */
  #hidesErrors = false

  constructor(options: HorseHostOptions) {
    this.#send = options.send
    this.#setTitle = options.setTitle ?? (() => {})
    this.#onEnd = options.onEnd ?? (() => {})
    this.#memory = options.memory ?? process.memoryUsage.rss
    // Both run as part of the job that made the error or called process.exit(), which may have ended long ago.
    process.on('uncaughtExceptionMonitor', (error) => {
      const text = this.#hidesErrors ? errorName(error) : errorText(error)
      this.#send({ type: 'fatal', error: text, jobId: getCurrentJob()?.id })
      if (this.#isLogged) options.onFatal?.()
    })
    process.on('exit', () => this.#exiting())
  }

  receive(message: ToHorse): void {
    if (message.type === 'setup') void this.#setUp(message.setup)
    else if (message.type === 'quit') this.#quit()
    else if (message.type === 'reply') this.#storage?.answer(message)
    else this.#runner?.receive(message)
  }

  /** Its warnings are those of the worker. */
  get #logger(): Logger {
    return { ...silentLogger, warn: (message, fields) => this.#send({ type: 'warning', message, fields }) }
  }

  #quit(): void {
    this.#hasQuit = true
    const tearDown = this.#jobs?.close
    if (tearDown === undefined && unreadOutputs().length === 0) process.exit()
    this.#send({ type: 'draining' })
    void within(DRAIN_MS, this.#finish(tearDown)).then(() => process.exit())
  }

  async #finish(tearDown: OpenJobs['close']): Promise<void> {
    try {
      await tearDown?.()
    } catch (error) {
      this.#logger.warn(`The teardown of the jobs failed: ${errorText(error)}`)
    }
    await Promise.all(unreadOutputs().map(drained))
  }

  #exiting(): void {
    this.#runner?.flush()
    if (!this.#hasQuit) this.#send({ type: 'exit', jobId: getCurrentJob()?.id })
  }

  async #setUp(setup: HorseSetup): Promise<void> {
    const { allow, exceptionHandlers, importPaths, scripts, signatureKeys, workerName } = setup
    const { returnUnknownForMs, unserializableResult } = setup
    this.#isLogged = setup.isLogged === true
    const logger = this.#logger
    const limits = new SizeLimits(setup.limits, logger)
    this.#setTitle(`rq horse ${setup.number} of ${workerName}`)
    if (setup.jobs !== undefined && !(await this.#canOpen(setup.jobs))) return
    const functions = this.#jobs?.functions
    const loader = new FunctionLoader({
      ...{ importPaths, allow, scripts, warn: (message) => logger.warn(message) },
      ...(functions && { functions }),
    })
    const serializer = await loadSerializer(setup.serializer)
    const codec = setup.codec === undefined ? undefined : await loadCodec(setup.codec)
    this.#hidesErrors = codec !== undefined
    const worker = new WorkerStorage(this.#send, setup.storage)
    const { storage } = worker
    const prepareClient = () => worker.prepareClient()
    const signatures = signatureKeys && new SignatureCheck(signatureKeys, limits.limits.inflated)
    const runTask = makeRunTask({
      workerName,
      storage,
      serializer,
      codec,
      limits,
      unserializableResult,
      returnUnknownForMs,
      loader,
      exceptionHandlers,
      prepareClient,
      signatures,
    })
    this.#storage = worker
    const [onEnd, memory] = [this.#onEnd, this.#memory]
    const leftovers = new Leftovers()
    this.#runner = new Runner({ slots: 1, runTask, abortError, send: this.#send, onEnd, leftovers, memory })
    if (setup.number === 1 && !(await this.#canLoad(exceptionHandlers, loader))) return
    this.#send({ type: 'ready', ...(functions && { jobNames: Object.keys(functions) }) })
  }

  /** Set up what the jobs of the option `jobs` need. Reports why not. */
  async #canOpen(reference: string): Promise<boolean> {
    try {
      this.#jobs = await openJobs(reference)
      return true
    } catch (error) {
      const code = error instanceof RqError && error.code === 'RQ_CONFIG' ? error.code : 'RQ_HORSE_TERMINATED'
      const message = error instanceof Error ? error.message : String(error)
      this.#send({ type: 'setup_failed', error: { code, message } })
      return false
    }
  }

  /** Load the exception handlers, which a job would need only when it fails. Reports the first bad one. */
  async #canLoad(references: readonly string[], loader: FunctionLoader): Promise<boolean> {
    try {
      for (const reference of references) await loader.load(reference)
      return true
    } catch (error) {
      this.#send({ type: 'bad_handler', error: error instanceof Error ? error.message : String(error) })
      return false
    }
  }
}

function unreadOutputs(): Writable[] {
  return [process.stdout, process.stderr].filter((stream) => stream.writableLength > 0)
}

/** Resolves when all that was written before is on its way, or cannot be written. */
function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', () => resolve())
    stream.write('', () => resolve())
  })
}
