import { type FSWatcher, watch } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, resolve } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { RqError, SECOND_MS, show } from '@rq/core'
import { type PendingCron, takePending } from './cron-registry.ts'

/** An editor writes a file in several steps. */
const SETTLE_MS = 100
/** `fs.watch` misses changes in symlinked and network folders. */
const LOOK_MS = 2 * SECOND_MS

let loads = 0

/** A config module: a file that registers cron jobs by `cron.register`. */
export class CronConfig {
  /** The path as it was given. */
  readonly path: string
  readonly #file: string
  #watcher: FSWatcher | undefined
  #looks: NodeJS.Timeout | undefined
  #timer: NodeJS.Timeout | undefined
  #version = ''

  /** @param path relative to the working directory. */
  constructor(path: string) {
    this.path = path
    this.#file = resolve(path)
  }

  /**
   * Run the file, anew at each call (modules that it imports are not loaded again). Returns the cron jobs that it
   * registers.
   * @throws RqError `RQ_CONFIG` when it is missing or fails.
   */
  async load(): Promise<readonly PendingCron[]> {
    this.#version = await this.#readVersion()
    takePending()
    try {
      // Resolve links at each load: Node remembers where a link once led.
      const file = await realpath(this.#file)
      // In a bundle no module knows where its file is, and the cache is that of the process.
      delete createRequire(process.execPath).cache[file]
      // Another query makes another instance of the module.
      const url = `${pathToFileURL(file).href}${loads++ === 0 ? '' : `?load=${loads}`}`
      await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ url)
      return takePending()
    } catch (error) {
      takePending()
      throw new RqError('RQ_CONFIG', `The cron config ${show(this.path)} cannot be loaded: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }

  /** Call `onChange` within two seconds when the file was changed or replaced, until {@link unwatch}. */
  watch(onChange: () => void): void {
    this.unwatch()
    try {
      // The folder, since editors put a new file in the place of the old one.
      this.#watcher = watch(dirname(this.#file), { persistent: false }, (_event, name) => {
        if (name === null || name === basename(this.#file)) this.#lookSoon(onChange)
      })
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // It cannot be watched; the interval below still looks at it.
    }
    this.#looks = setInterval(() => this.#lookSoon(onChange), LOOK_MS)
    this.#looks.unref()
    // It may have changed before.
    this.#lookSoon(onChange)
  }

  unwatch(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    clearInterval(this.#looks)
    this.#looks = undefined
    clearTimeout(this.#timer)
  }

  #lookSoon(onChange: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(async () => {
      const version = await this.#readVersion().catch(() => this.#version)
      if (version !== this.#version && this.#looks !== undefined) onChange()
    }, SETTLE_MS)
    this.#timer.unref()
  }

  async #readVersion(): Promise<string> {
    try {
      const { ino, mtimeMs, size } = await stat(this.#file)
      return `${ino} ${mtimeMs} ${size}`
    } catch (error) {
      const resolved = this.path === this.#file ? '' : ` (${this.#file})`
      throw new RqError('RQ_CONFIG', `There is no cron config ${show(this.path)}${resolved}.`, { cause: error })
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
