import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Ended, type SpawnedProcess, type SpawnProcessOptions, spawnNode, spawnProcess } from '@rq/testkit'

/** The built program, as it is installed. */
const PROGRAM = fileURLToPath(new URL('../bin/rq-cli.js', import.meta.url))
const COLOURLESS = { NO_COLOR: undefined, FORCE_COLOR: undefined }

export function start(args: readonly string[], options: SpawnProcessOptions = {}): SpawnedProcess {
  return spawnNode(PROGRAM, args, { ...options, env: { ...COLOURLESS, ...options.env } })
}

/** Run it to its end. */
export async function run(args: readonly string[], options: SpawnProcessOptions = {}): Promise<Ended> {
  await using program = start(args, options)
  return await program.exited
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

/** Like {@link start}, on a pseudo-terminal: stdout is all that a person would see, and stdin is the keyboard. */
export function startOnTerminal(
  args: readonly string[],
  options: SpawnProcessOptions = {},
  { columns, rows }: TerminalSize = { columns: 80, rows: 24 },
): SpawnedProcess {
  const command = ['sh', '-c', `stty cols ${columns} rows ${rows}; exec "$@"`, 'sh', process.execPath, PROGRAM, ...args]
  const script =
    process.platform === 'darwin'
      ? ['-q', '/dev/null', ...command]
      : // Without `exec` the shell may stay between, and a Ctrl-C would end the shell.
        ['-qefc', `exec ${command.map(quoted).join(' ')}`, '/dev/null']
  const env = { ...COLOURLESS, TERM: 'xterm', ...options.env }
  return spawnProcess(TERMINAL_TOOL, script, { ...options, env, stdin: true })
}
