import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { atTestEnd } from './at-test-end.ts'
import { patience } from './patience.ts'

export interface SpawnProcessOptions {
  /** Added to this process's environment; `undefined` removes a name. */
  env?: Readonly<Record<string, string | undefined>>
  cwd?: string
  /** Keep stdin open as a pipe: `process.child.stdin`. Default false: it is at its end from the start. */
  stdin?: boolean
}

/** How a process ended, and all that it wrote. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface SpawnedProcess extends AsyncDisposable {
  readonly child: ChildProcess
  readonly pid: number
  /** All it has written so far. */
  readonly stdout: string
  readonly stderr: string
  /** Settles when the process is gone and all it wrote has been read. */
  readonly exited: Promise<Ended>
  /**
   * Wait until what it has written to stdout or stderr matches.
   * @param timeoutMs Scaled by `patience`. Default 60,000.
   * @throws when the time is up, and as soon as the process ends without a match; the message holds what it wrote.
   */
  output(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>
  kill(signal?: NodeJS.Signals): void
}

const running = new Set<ChildProcess>()
process.on('exit', () => running.forEach(killGroup))

/** Run a program in a process group of its own. Disposal, or the end of the test, kills the whole group. */
export function spawnProcess(
  command: string,
  args: readonly string[] = [],
  { env = {}, cwd, stdin = false }: SpawnProcessOptions = {},
): SpawnedProcess {
  const child = spawn(command, args, {
    stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  })
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
    })
  }
  running.add(child)
  const exited = once(child, 'close').then(([code, signal]): Ended => {
    running.delete(child)
    return { code, signal, ...written }
  })
  const end = async (): Promise<void> => {
    killGroup(child)
    child.stdin?.end()
    await exited
  }
  atTestEnd(end)
  return {
    child,
    pid: child.pid ?? 0,
    get stdout() {
      return written.stdout
    },
    get stderr() {
      return written.stderr
    },
    exited,
    output(pattern, timeoutMs = 60_000) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(written.stdout) ?? pattern.exec(written.stderr)
          if (match !== null) resolve(match)
        }
        const giveUp = (why: string): void =>
          reject(new Error(`${why} ${pattern}:\n${written.stdout}${written.stderr}`))
        const limitMs = patience(timeoutMs)
        const timer = setTimeout(() => giveUp(`Wrote within ${limitMs} ms nothing like`), limitMs)
        child.stdout?.on('data', look)
        child.stderr?.on('data', look)
        exited.finally(() => {
          clearTimeout(timer)
          look()
          giveUp('Ended without writing anything like')
        })
        look()
      })
    },
    kill(signal = 'SIGTERM') {
      child.kill(signal)
    },
    [Symbol.asyncDispose]: end,
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The whole group is gone already.
  }
}
