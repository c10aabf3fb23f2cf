import { fileURLToPath } from 'node:url'
import { type Ended, findViolations, type OwnRedis, ownClient, type SpawnedProcess, spawnNode } from '@rq/testkit'
import type { Redis } from 'ioredis'
import * as rq from 'rq'
import { type Job, Queue, SimpleWorker, type WorkerOptions } from 'rq'
import type { TableRow } from '../table-code.ts'
import { f, g, send } from './jobs.js'
import { functionOf } from './row-code.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const CLI = new URL('../../../apps/rq-cli/bin/rq-cli.js', import.meta.url)
const PREFIX = 'rq:'

/** What a scenario does: it runs the code and the commands of its row, and looks at what they have done. */
type Scenario = (world: World) => Promise<void>
/** By the first cell of the row, without the marks of code. */
export type Scenarios = Readonly<Record<string, Scenario>>

/** A Redis without data, what `fragments.d.ts` promises the tables, and the code of one row. */
export class World implements AsyncDisposable {
  readonly url: string
  readonly client: Redis & Disposable
  readonly queue: Queue
  readonly #row: TableRow
  readonly #closing: (() => unknown)[] = []
  /** Pieces of code and commands that have not run. */
  readonly #left: Set<string>

  private constructor(redis: OwnRedis, row: TableRow) {
    this.url = redis.url
    this.client = ownClient(redis.url)
    this.#row = row
    this.#left = new Set([...row.code, ...row.commands])
    this.queue = this.open('low')
  }

  /** `RQ_REDIS_URL` has to name this Redis. */
  static async open(redis: OwnRedis, row: TableRow): Promise<World> {
    const world = new World(redis, row)
    await world.client.flushall()
    return world
  }

  /** A piece of the row's code, for a scenario that writes it into a program. */
  textOf(index: number): string {
    const code = this.#row.code[index]
    if (code === undefined) throw new Error(`Line ${this.#row.line} has no piece of code ${index}.`)
    this.#left.delete(code)
    return code
  }

  /** Runs a piece of the row's code. `names` are what it finds under names that it does not declare. */
  async run<R = Job<number>>(index = 0, names: Readonly<Record<string, unknown>> = {}): Promise<R> {
    const code = this.textOf(index)
    const scope = { ...rq, queue: this.queue, f, g, send, connection: this.url, ...names }
    return (await functionOf(code, Object.keys(scope))(...Object.values(scope))) as R
  }

  /** Runs a command of the row to its end, with more arguments. */
  async command(index = 0, ...more: string[]): Promise<Ended> {
    await using program = this.start(index, ...more)
    return await program.exited
  }

  /** Starts a command of the row, with more arguments. */
  start(index = 0, ...more: string[]): SpawnedProcess {
    return this.startIn(ROOT, index, ...more)
  }

  /** The same, in another folder. */
  startIn(cwd: string, index = 0, ...more: string[]): SpawnedProcess {
    const command = this.#row.commands[index]
    if (command === undefined) throw new Error(`Line ${this.#row.line} has no command ${index}.`)
    this.#left.delete(command)
    return this.#spawn(cwd, [...command.split(' ').slice(1), ...more])
  }

  /** Runs `rq-cli` to its end, for what a row says in words. */
  async cli(...args: string[]): Promise<Ended> {
    await using program = this.startCli(...args)
    return await program.exited
  }

  startCli(...args: string[]): SpawnedProcess {
    return this.#spawn(ROOT, args)
  }

  #spawn(cwd: string, args: readonly string[]): SpawnedProcess {
    const program = spawnNode(CLI, args, { cwd, env: { RQ_REDIS_URL: this.url } })
    return this.keep(program, (started) => started[Symbol.asyncDispose]())
  }

  open(name: string, options: rq.QueueOptions = {}): Queue {
    return this.keep(new Queue(name, options), (queue) => queue.close())
  }

  /** Closes it after the scenario. */
  keep<T>(thing: T, close: (thing: T) => unknown): T {
    this.#closing.push(() => close(thing))
    return thing
  }

  /** Runs the jobs that wait in these queues, in this process, one at a time. */
  async work(queues: readonly string[] = ['low'], options: WorkerOptions = {}): Promise<void> {
    await new SimpleWorker([...queues], options).work({ burst: true, withScheduler: false })
  }

  /** Runs the jobs of queue `low` in this process, and its scheduler, until the scenario has ended. */
  workOn(): void {
    const worker = new SimpleWorker('low')
    const left = worker.work()
    this.keep(worker, async () => {
      await worker.stop()
      await left
    })
  }

  /** Runs `inside` as a job. Fails with what it throws. */
  async inside<R>(inside: () => R | Promise<R>, options: rq.EnqueueOptions = {}): Promise<Job> {
    let outcome: { readonly error: unknown } | undefined
    const job = await this.queue.enqueue('inside', [], options)
    const run = async () => {
      try {
        return await inside()
      } catch (error) {
        outcome = { error }
        throw error
      }
    }
    await this.work(['low'], { functions: { inside: run } })
    if (outcome !== undefined) throw outcome.error
    return job
  }

  /** Redis's time in milliseconds. */
  async nowMs(): Promise<number> {
    const [seconds, micros] = await this.client.time()
    return Number(seconds) * 1000 + Number(micros) / 1000
  }

  /** How many milliseconds the stored job has left. */
  ttlMs(job: Job): Promise<number> {
    return this.client.pttl(`${PREFIX}job:${job.id}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing.reverse()) await close()
    const violations = await findViolations(this.client, PREFIX)
    this.client[Symbol.dispose]()
    if (violations.length > 0) throw new Error(violations.join('\n'))
  }

  /** What of the row the scenario has not run. */
  get left(): readonly string[] {
    return [...this.#left]
  }
}
