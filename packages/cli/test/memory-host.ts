import { readFile } from 'node:fs/promises'
import { RqError } from '@rq/core'
import type { ConfigFile, Host, Interrupt } from '../src/host.ts'
import { type ExitCode, runCommandLine } from '../src/index.ts'

export interface MemoryHostOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly folder?: string
  /** A configuration file that is found without being named, in `folder`. */
  readonly config?: unknown
  /** Both streams are terminals. */
  readonly terminal?: boolean
  readonly columns?: number
  /** The user's answer to every question. Without one there is no terminal to ask on. */
  readonly answer?: boolean
}

/** A host without a process: what was written is text, and signals are calls. */
export class MemoryHost implements Host {
  readonly version = '1.2.3'
  readonly pid = 4711
  readonly env: Readonly<Record<string, string>>
  readonly folder: string
  readonly questions: string[] = []
  out = ''
  err = ''
  readonly stdout
  readonly stderr
  readonly #options: MemoryHostOptions
  readonly #listeners = new Set<(signal: Interrupt) => void>()
  #heard: (() => void) | undefined

  constructor(options: MemoryHostOptions = {}) {
    const { env = {}, folder = '/nowhere', terminal = false, columns = 80 } = options
    this.#options = options
    this.env = env
    this.folder = folder
    const write = (name: 'out' | 'err') => (text: string) => {
      this[name] += text
      this.#heard?.()
    }
    this.stdout = { isTTY: terminal, columns, write: write('out') }
    // As much of a stream as a progress bar needs.
    this.stderr = {
      isTTY: terminal,
      columns,
      write: write('err'),
      ...(terminal && { on: () => {}, cursorTo: () => {} }),
    }
  }

  async loadConfig(path: string | undefined): Promise<ConfigFile | undefined> {
    if (path !== undefined && path !== 'named.js') throw new RqError('RQ_CONFIG', `There is no ${path}.`)
    const { config } = this.#options
    return config === undefined ? undefined : { path: `${this.folder}/rq.config.js`, values: config }
  }

  errorsPage(): Promise<string> {
    return readFile(new URL('../../../docs/guide/errors.md', import.meta.url), 'utf8')
  }

  async confirm(question: string): Promise<boolean | undefined> {
    this.questions.push(question)
    return this.#options.answer
  }

  onLauncherGone(): () => void {
    return () => {}
  }

  onInterrupt(listener: (signal: Interrupt) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  interrupt(signal: Interrupt = 'SIGINT'): void {
    for (const listener of this.#listeners) listener(signal)
  }

  /** Resolves once stdout holds what `pattern` asks for. */
  async written(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.out)) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
  }

  run(...args: readonly string[]): Promise<ExitCode> {
    return runCommandLine(args, this)
  }
}

export interface Ran {
  readonly code: ExitCode
  readonly out: string
  readonly err: string
}

/** Run one command line in a host of its own. */
export async function run(args: readonly string[], options: MemoryHostOptions = {}): Promise<Ran> {
  const host = new MemoryHost(options)
  const code = await host.run(...args)
  return { code, out: host.out, err: host.err }
}
