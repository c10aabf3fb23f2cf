import type { TextStream } from './output/output.ts'

/** A loaded configuration file. */
export interface ConfigFile {
  /** Its path, for messages. Paths in the file are relative to its folder. */
  readonly path: string
  /** Its default export, or its exports. */
  readonly values: unknown
}

/** A signal that stops the program. */
export type Interrupt = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

/** The process that the command line runs in. Tests use a host in memory. */
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
  /** The page about errors: Markdown with a heading `### RQ_...` for each code. */
  errorsPage(): Promise<string>
  /** Ask the user a yes-or-no question. Resolves to undefined if there is no terminal. */
  confirm(question: string): Promise<boolean | undefined>
  /** Call `listener` when the program that has started this one, and passes no signals on, has ended. */
  onLauncherGone(listener: () => void): () => void
  /** Call `listener` on signals, which then do not end the process. Returns a function that removes it. */
  onInterrupt(listener: (signal: Interrupt) => void): () => void
}
