import { type FSWatcher, watch } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import process from 'node:process'
import type { Logger } from '@rq/core'

export interface ModuleWatchOptions {
  /** Absolute paths of folders. Those in them are watched too, but no hidden ones and no `node_modules`. */
  readonly folders: readonly string[]
  readonly logger: Logger
  /** Called when modules have changed, once for changes that follow each other closely, with their relative paths. */
  readonly onChange: (paths: readonly string[]) => void
}

/** What a module can be written in, and the data that it can import. */
const MODULE = /\.(?:[cm]?[jt]sx?|json)$/
/** A build or an editor writes several files, or one in steps. */
const SETTLE_MS = 100

/**
 * Watches folders for changes of modules. Each folder has a watcher of its own: with one for a whole tree, Node.js on
 * Linux would also watch every file in `node_modules`.
 */
export class ModuleWatch {
  readonly #options: ModuleWatchOptions
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #isStarted = false
  #hasWarned = false

  constructor(options: ModuleWatchOptions) {
    this.#options = options
  }

  /** Resolves when all folders are watched. Folders that cannot be watched are logged, and no error. */
  async start(): Promise<void> {
    this.#isStarted = true
    for (const folder of this.#options.folders) await this.#watchTree(folder)
  }

  stop(): void {
    this.#isStarted = false
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
    this.#changed.clear()
  }

  /** Watch a folder and those in it. Returns the modules that are there. */
  async #watchTree(folder: string): Promise<string[]> {
    if (!this.#isStarted || this.#watchers.has(folder)) return []
    this.#watch(folder)
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    const modules = entries.filter((entry) => entry.isFile() && MODULE.test(entry.name)).map(({ name }) => name)
    const found = modules.map((name) => join(folder, name))
    for (const entry of entries) {
      if (entry.isDirectory() && isWatched(entry.name)) found.push(...(await this.#watchTree(join(folder, entry.name))))
    }
    return found
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, (_event, name) => void this.#look(folder, name))
      // The folder is gone. One that comes back in its place is found by the watcher above it.
      watcher.on('error', () => this.#forget(folder))
      this.#watchers.set(folder, watcher)
    } catch (error) {
      this.#warn(folder, error)
    }
  }

  async #look(folder: string, name: string | null): Promise<void> {
    if (name === null || !isWatched(name)) return
    const path = join(folder, name)
    if (MODULE.test(name)) return this.#note([path])
    // A folder that was made, renamed or deleted. A file that is no module cannot be read as one.
    this.#forget(path)
    this.#note(await this.#folderAt(path))
  }

  async #folderAt(path: string): Promise<string[]> {
    const isFolder = await readdir(path).then(
      () => true,
      () => false,
    )
    return isFolder ? this.#watchTree(path) : []
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }

  #note(paths: readonly string[]): void {
    if (paths.length === 0 || !this.#isStarted) return
    for (const path of paths) this.#changed.add(relative(process.cwd(), path))
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      const changed = [...this.#changed].sort()
      this.#changed.clear()
      this.#options.onChange(changed)
    }, SETTLE_MS)
  }

  #warn(folder: string, error: unknown): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    this.#options.logger.warn(`Cannot watch ${folder}: changes there are not noticed`, { error })
  }
}

function isWatched(name: string): boolean {
  return !name.startsWith('.') && name !== 'node_modules'
}
