import type { Project } from './project.ts'

/** One combination of tools that a user may have, and what we promise for it. */
export interface Setup {
  readonly name: string
  /** What it shows, for the table. */
  readonly what: string
  /** Packages from npm, each `name@range`, beside ours. */
  readonly install?: readonly string[]
  /** The tool that it gets from npm by npx, `name@range`. */
  readonly fetches?: string
  /** Whether it runs without `--all`: it needs no large download. */
  readonly quick?: boolean
  /** What the message says about what to do, where the set-up cannot work. Absent: it works. */
  readonly refusal?: RegExp
  /** @throws SetupError when a program fails; `refusal` is compared with what it printed. */
  readonly run: (project: Project) => Promise<void>
}

/** Set-ups that share a table of the page. */
export interface Group {
  readonly title: string
  readonly setups: readonly Setup[]
}

/** What a program printed before it failed, or was not what was expected. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}
