import type { TextStream } from './output/output.ts'

/** A configuration file as it was found. */
export interface ConfigFile {
  /** For messages, and for paths in it, which are relative to its folder. */
  readonly path: string
  /** Its default export, or its exports. */
  readonly values: unknown
}

/** A signal that asks to end. */
export type Interrupt = 'SIGINT' | 'SIGTERM'

/** What the command line needs of the process that it runs in. Tests bring their own. */
export interface Host {
  readonly version: string
  readonly stdout: TextStream
  readonly stderr: TextStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** The working directory: relative paths start here. */
  readonly folder: string
  readonly pid: number
  /**
   * The configuration at `path`, or else the nearest `rq.config.{js,mjs,ts}` in the working directory or above it.
   * @throws RqError `RQ_CONFIG`.
   */
  loadConfig(path: string | undefined): Promise<ConfigFile | undefined>
  /** Ask the user a yes-or-no question. Undefined if there is no terminal. */
  confirm(question: string): Promise<boolean | undefined>
  /** While there is a listener, signals go to it and do not end the process. Returns a function that removes it. */
  onInterrupt(listener: (signal: Interrupt) => void): () => void
}
