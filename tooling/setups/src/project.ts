import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Job } from 'rq'
import { run } from '../../../scripts/run.mjs'
import { SetupError } from './setup.ts'

/** A folder below one that has our packages, so that it finds them as if it had installed them itself. */
export class Project {
  readonly dir: string
  readonly #redisUrl: string
  readonly #bin: string

  /** The packed packages, by name. */
  readonly tarballs: ReadonlyMap<string, string>

  /**
   * @param base - the folder that has our packages.
   * @param redisUrl - an empty Redis.
   */
  constructor(dir: string, base: string, redisUrl: string, tarballs: ReadonlyMap<string, string>) {
    this.dir = dir
    this.tarballs = tarballs
    this.#redisUrl = redisUrl
    this.#bin = join(base, 'node_modules/rq-cli/bin/rq-cli.js')
  }

  path(name: string): string {
    return join(this.dir, name)
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(this.path(name)), { recursive: true })
      await writeFile(this.path(name), text)
    }
  }

  /**
   * Run a program of this folder, or one of its own `node_modules/.bin`.
   * @returns what it printed to stdout.
   * @throws SetupError with all that it printed, when it fails.
   */
  async exec(command: string, ...args: string[]): Promise<string> {
    const environment = [`RQ_REDIS_URL=${this.#redisUrl}`, `PATH=${this.path('node_modules/.bin')}:${process.env.PATH}`]
    const line = ['env', '-u', 'NODE_OPTIONS', '-u', 'NODE_ENV', ...environment, command, ...args] as const
    const { ok, output, stdout } = await run([...line], { cwd: this.dir, signal: AbortSignal.timeout(240_000) })
    if (!ok) throw new SetupError(`${[command, ...args].join(' ')}\n${output.trim()}`)
    return stdout
  }

  /** Run the jobs of the queue `default` until it is empty. */
  async work(...flags: string[]): Promise<void> {
    await this.workWith('node', ...flags)
  }

  /** The same with another runtime, such as `['deno', 'run', '-A']`. */
  async workWith(runtime: string | readonly string[], ...flags: string[]): Promise<void> {
    const [command = '', ...args] = [runtime].flat()
    await this.exec(command, ...args, this.#bin, 'worker', '--burst', ...flags)
  }

  /**
   * Check the return value of a job.
   * @param printed - what a program printed last: the job's id.
   */
  async expectResult(printed: string, expected: unknown): Promise<void> {
    const id = printed.trim().split('\n').at(-1) ?? ''
    const job = await Job.fetch(id, { connection: this.#redisUrl })
    const result = await job.latestResult()
    const value = result?.returnValue
    if (value !== expected) {
      throw new SetupError(`The job ${id} is ${await job.getStatus()}: ${result?.excString ?? JSON.stringify(value)}`)
    }
  }
}
