import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The program as it is installed: the built one. */
const PROGRAM = fileURLToPath(new URL('../bin/rq-cli.js', import.meta.url))

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

const TIMEOUT_MS = 60_000
const COLOURLESS = { NO_COLOR: undefined, FORCE_COLOR: undefined }

/** A running program, the head of its own process group; disposal kills the group. */
export class Program implements AsyncDisposable {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''

  constructor(command: string, args: readonly string[], { cwd, env = {} }: StartOptions = {}) {
    this.child = spawn(command, args, {
      detached: true,
      env: { ...process.env, ...COLOURLESS, ...env },
      ...(cwd !== undefined && { cwd }),
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.ended = once(this.child, 'close').then(([code, signal]) => {
      return { code, signal, stdout: this.stdout, stderr: this.stderr }
    })
  }

  /** Resolves when it has written what `pattern` asks for. @throws when it ends, or a minute passes, without. */
  async written(pattern: RegExp): Promise<void> {
    const text = (): string => this.stdout + this.stderr
    const late = AbortSignal.timeout(TIMEOUT_MS)
    while (!pattern.test(text())) {
      const more = new AbortController()
      const signal = AbortSignal.any([late, more.signal])
      const events = [this.child.stdout, this.child.stderr].map((stream) => stream && once(stream, 'data', { signal }))
      const over = await Promise.race([...events, this.ended.then(() => 'over')]).catch(() => 'over')
      more.abort()
      await Promise.allSettled(events)
      if (over === 'over' && !pattern.test(text())) throw new Error(`It wrote nothing like ${pattern}:\n${text()}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined) {
      process.kill(-this.child.pid, 'SIGKILL')
    }
    this.child.stdin?.end()
    await this.ended
  }
}

export function start(args: readonly string[], options: StartOptions = {}): Program {
  return new Program(process.execPath, [PROGRAM, ...args], options)
}

/** Run it to its end. */
export async function run(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  await using program = start(args, options)
  program.child.stdin?.end()
  return await program.ended
}

/** Opens pseudo-terminals; part of util-linux and of macOS. */
const TERMINAL_TOOL = 'script'

export const canOpenTerminal: boolean = spawnSync(TERMINAL_TOOL, ['--version']).error === undefined

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

/** How large a pseudo-terminal is, in characters. */
export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/** As {@link start}, on a pseudo-terminal: all that a person would see comes out of stdout, and stdin is the keyboard. */
export function startOnTerminal(
  args: readonly string[],
  options: StartOptions = {},
  { columns, rows }: TerminalSize = { columns: 80, rows: 24 },
): Program {
  const command = ['sh', '-c', `stty cols ${columns} rows ${rows}; exec "$@"`, 'sh', process.execPath, PROGRAM, ...args]
  const script =
    process.platform === 'darwin'
      ? ['-q', '/dev/null', ...command]
      : // Without `exec` the shell may stay between, and be what a Ctrl-C ends.
        ['-qefc', `exec ${command.map(quoted).join(' ')}`, '/dev/null']
  return new Program(TERMINAL_TOOL, script, { ...options, env: { TERM: 'xterm', ...options.env } })
}
