import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { packAll } from '../../../scripts/pack.mjs'
import { acquireRedis, startServer } from '../../../scripts/redis.mjs'
import { run } from '../../../scripts/run.mjs'
import { Project } from './project.ts'
import { type Setup, SetupError } from './setup.ts'

export interface Outcome {
  readonly setup: Setup
  readonly isRight: boolean
  /** For the table. */
  readonly result: 'pass' | 'refused' | 'FAILED'
  /** What went wrong, or the message of a refusal. */
  readonly text: string
}

/** The packed packages in a folder, and a Redis. Set-ups get folders below it. */
export class Site implements AsyncDisposable {
  readonly tarballs: ReadonlyMap<string, string>
  readonly #dir: string
  readonly #redis: { readonly url: string; stop(): Promise<unknown> }
  #count = 0

  private constructor(
    dir: string,
    tarballs: ReadonlyMap<string, string>,
    redis: { url: string; stop(): Promise<unknown> },
  ) {
    this.#dir = dir
    this.tarballs = tarballs
    this.#redis = redis
  }

  /** Pack the packages of a workspace, by default this one, which must be built, and install them with npm. */
  static async open(workspace?: string): Promise<Site> {
    const dir = await mkdtemp(join(tmpdir(), 'rq-setups-'))
    const tarballs = await packAll(join(dir, 'tarballs'), workspace)
    const site = new Site(dir, tarballs, await startServer(await acquireRedis()))
    await writeFile(join(dir, 'package.json'), '{"name":"site","private":true}')
    await site.#install(dir, [...tarballs.values()])
    return site
  }

  async try(setup: Setup): Promise<Outcome> {
    const dir = join(this.#dir, `${++this.#count}-${setup.name.replace(/\W+/g, '-')}`)
    await mkdir(dir)
    const client = new Redis(this.#redis.url)
    await client.flushall()
    client.disconnect()
    const said = await this.#run(setup, dir).then(
      () => undefined,
      (error: unknown) => error,
    )
    await rm(dir, { recursive: true, force: true })
    if (said === undefined) return { setup, isRight: setup.refusal === undefined, result: 'pass', text: '' }
    const text = said instanceof Error ? said.message : String(said)
    if (!(said instanceof SetupError)) return { setup, isRight: false, result: 'FAILED', text }
    const [message] = setup.refusal?.exec(text) ?? []
    if (message !== undefined) return { setup, isRight: true, result: 'refused', text: message }
    return { setup, isRight: false, result: 'FAILED', text }
  }

  async #run(setup: Setup, dir: string): Promise<void> {
    const project = new Project(dir, this.#dir, this.#redis.url, this.tarballs)
    await project.write({ 'package.json': '{"name":"fresh","private":true,"type":"module"}' })
    if (setup.install !== undefined) await this.#install(dir, setup.install)
    await setup.run(project)
  }

  async #install(dir: string, packages: readonly string[]): Promise<void> {
    const { ok, output } = await run(['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], {
      cwd: dir,
    })
    if (!ok) throw new Error(`npm install ${packages.join(' ')}\n${output}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#redis.stop()
    await rm(this.#dir, { recursive: true, force: true })
  }
}
