import { getCurrentJob } from '@rq/queue'

/** How often the title is compared, which costs more than the rest. */
const TITLE_EVERY_MS = 20

/**
 * What a job may change of its process, and the next job would see: the environment with the time zone, the working
 * directory, the umask, and the title of the process. Changes of the environment and the umask are noted when a job
 * makes them, so that a job that makes none costs nothing. What a module sets while it is loaded stays, since it is
 * loaded once.
 */
export class ProcessState {
  readonly #home = process.cwd()
  readonly #env = new Proxy(process.env, {
    set: (env, name, value) => {
      this.#note(env, name)
      return Reflect.set(env, name, value)
    },
    defineProperty: (env, name, descriptor) => {
      this.#note(env, name)
      return Reflect.defineProperty(env, name, descriptor)
    },
    deleteProperty: (env, name) => {
      this.#note(env, name)
      return Reflect.deleteProperty(env, name)
    },
  })
  /** The values that variables had before a job changed them. */
  readonly #before = new Map<string, string | undefined>()
  readonly #setUmask: (mask: number) => number
  #umask: number | undefined
  #title: string | undefined
  #titleMs = 0

  /** Begin to note changes. */
  constructor() {
    const umask = process.umask.bind(process)
    this.#setUmask = umask
    process.umask = (mask?: string | number) => {
      if (mask === undefined) return umask()
      const before = umask(mask)
      if (isMadeByJob()) this.#umask ??= before
      return before
    }
    process.env = this.#env
  }

  setTitle(title: string): void {
    process.title = title
    this.#title = process.title
  }

  /** Undo the changes. Never throws. */
  restore(): void {
    if (process.env !== this.#env) process.env = this.#env
    if (this.#before.size > 0) this.#restoreEnvironment()
    if (this.#umask !== undefined) {
      this.#setUmask(this.#umask)
      this.#umask = undefined
    }
    this.#goHome()
    this.#restoreTitle()
  }

  #note(env: NodeJS.ProcessEnv, name: string | symbol): void {
    if (typeof name === 'string' && !this.#before.has(name) && isMadeByJob()) this.#before.set(name, env[name])
  }

  #restoreEnvironment(): void {
    const before = [...this.#before]
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    this.#before.clear()
  }

  #goHome(): void {
    try {
      if (process.cwd() !== this.#home) process.chdir(this.#home)
    } catch {
      // The folder is gone. Import paths are absolute, so jobs are found anyway.
    }
  }

  #restoreTitle(): void {
    const nowMs = performance.now()
    if (this.#title === undefined || nowMs - this.#titleMs < TITLE_EVERY_MS) return
    this.#titleMs = nowMs
    if (process.title !== this.#title) process.title = this.#title
  }
}

/** Whether a job makes the change that is under way, and no module that is being loaded. */
function isMadeByJob(): boolean {
  if (getCurrentJob() === undefined) return false
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = Number.POSITIVE_INFINITY
  const { stack = '' } = new Error()
  Error.stackTraceLimit = stackTraceLimit
  return !stack.includes('node:internal/modules/')
}
