import { createRequire } from 'node:module'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { suggestion } from '@rq/core'
import type { Codec, Job, LimitOptions, Queue, QueueOptions, Serializer } from 'rq'
import { namingOption } from './arguments/option-value.ts'
import type { CommandContext } from './command.ts'
import { defined } from './defined.ts'
import { UsageError } from './exit-code.ts'

export type Rq = typeof import('rq')

/** The options of rq that say where Redis is. */
export interface Where {
  readonly connection: string | Record<string, unknown>
  readonly prefix?: string
}

interface ReadingOptions extends Where {
  readonly serializer?: 'json' | 'superjson' | Serializer
  readonly codec?: Codec
  readonly limits?: LimitOptions
}

/** rq with the settings of the command line, loaded when a command needs it. Disposal closes the queues. */
export class Session implements AsyncDisposable {
  readonly rq: Rq
  readonly where: Where
  readonly #reading: ReadingOptions
  readonly #queues = new Map<string, Queue>()

  private constructor(rq: Rq, where: Where, reading: ReadingOptions) {
    this.rq = rq
    this.where = where
    this.#reading = reading
  }

  static async open({ settings, host }: CommandContext): Promise<Session> {
    const rq = await import('rq')
    const where = {
      connection: settings.connection as Where['connection'],
      ...(settings.prefix !== undefined && { prefix: settings.prefix }),
    }
    const { codec, config, serializer } = settings
    const reading = defined({
      serializer: serializer === undefined ? undefined : await loadSerializer(serializer, host.folder),
      // rq checks what these modules export.
      codec: codec === undefined ? undefined : ((await loadExport('--codec', codec, host.folder)) as Codec),
      limits: config.limits,
    })
    return new Session(rq, where, { ...where, ...reading })
  }

  /** {@link where}, and the serializer, the codec and the limits of values. */
  get reading(): ReadingOptions {
    return this.#reading
  }

  /**
   * A queue that workers of rq can serve, and that signs its jobs with `sign`.
   * @throws UsageError naming `typed`, the flag or argument of the name.
   */
  queueForJobs(name: string, typed: string, sign: Pick<QueueOptions, 'sign'> = {}): Queue {
    return namingOption({ 'queue name': typed }, () => this.#open(name, { anyName: false, ...sign }))
  }

  /** A queue to read or to empty, of any name: others may have named it. @throws as {@link queueForJobs}. */
  queue(name: string, typed: string): Queue {
    // The address of Redis in the wrong place, which would be shown with its password.
    if (/^(?:redis|valkey)s?:/i.test(name)) return this.queueForJobs(name, typed)
    return this.#open(name, { anyName: true })
  }

  /** The queues of these names, or all existing queues, sorted by name. @throws as {@link queueForJobs}. */
  async queues(names: readonly string[], typed: string): Promise<Queue[]> {
    if (names.length > 0) return [...new Set(names)].map((name) => this.queue(name, typed))
    const all = await this.rq.Queue.all(this.where)
    return all.map(({ name }) => this.#open(name, { anyName: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Fetch a job. @throws RqError `RQ_NO_SUCH_JOB`. */
  job(id: string): Promise<Job> {
    return this.rq.Job.fetch(id, this.#reading)
  }

  /** Fetch the jobs that exist. */
  async jobs(ids: readonly string[]): Promise<Job[]> {
    const jobs = await this.rq.Job.fetchMany(
      ids.filter((id) => id !== ''),
      this.#reading,
    )
    return jobs.filter((job) => job !== null)
  }

  #open(name: string, options: Pick<QueueOptions, 'anyName' | 'sign'>): Queue {
    const known = this.#queues.get(name)
    if (known !== undefined) return known
    const queue = new this.rq.Queue(name, { ...this.#reading, ...options })
    this.#queues.set(name, queue)
    return queue
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()))
  }
}

const BUILT_IN = ['json', 'superjson'] as const

async function loadSerializer(text: string, folder: string): Promise<'json' | 'superjson' | Serializer> {
  const builtIn = BUILT_IN.find((name) => name === text)
  if (builtIn !== undefined) return builtIn
  if (text.lastIndexOf('#') < 1) {
    throw new UsageError(
      `Unknown --serializer '${text}'.${suggestion(text, BUILT_IN)} Expected json, superjson or module#export.`,
    )
  }
  return (await loadExport('--serializer', text, folder)) as Serializer
}

/** The export of `module#export`. @throws UsageError naming the flag. */
async function loadExport(flag: string, text: string, folder: string): Promise<unknown> {
  const hash = text.lastIndexOf('#')
  if (hash < 1) throw new UsageError(`Invalid ${flag} '${text}'. Expected module#export.`)
  const specifier = text.slice(0, hash)
  const name = text.slice(hash + 1)
  let module: Record<string, unknown>
  try {
    module = await import(urlOf(specifier, folder))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(`Cannot load the module of ${flag} ${text}: ${why}`, { cause })
  }
  if (Object.hasOwn(module, name)) return module[name]
  throw new UsageError(`The module of ${flag} ${text} has no export '${name}'.`)
}

function urlOf(specifier: string, folder: string): string {
  if (isAbsolute(specifier)) return pathToFileURL(specifier).href
  try {
    return pathToFileURL(createRequire(join(folder, 'rq.js')).resolve(specifier)).href
  } catch {
    // A package that can only be imported, or does not exist: import() finds out.
    return specifier
  }
}
