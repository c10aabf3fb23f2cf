import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { atTestEnd } from './at-test-end.ts'

export interface SpawnNodeOptions {
  /** Added to this process's environment; `undefined` takes a name out. */
  env?: Readonly<Record<string, string | undefined>>
  cwd?: string
  /** Options for Node itself: `['--enable-source-maps']`. */
  nodeArgs?: readonly string[]
  /** Load the packages of this workspace as a user does, from what was built. Default false: from source. */
  built?: boolean
}

export interface SpawnedNode extends AsyncDisposable {
  readonly child: ChildProcess
  readonly pid: number
  /** All it has written so far. */
  readonly stdout: string
  readonly stderr: string
  /** Settles when the process is gone and all it wrote has been read. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /**
   * Wait until what it has written to stdout or stderr matches. Default 20 s.
   * @throws when the time is over, and as soon as the process ends without a match; the message holds what it wrote.
   */
  output(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>
  kill(signal?: NodeJS.Signals): void
}

const running = new Set<ChildProcess>()
process.on('exit', () => running.forEach(killGroup))

/**
 * Run `script` (a path or a `file:` URL; `.ts` too) in a real child process, the head of its own process group, with
 * the packages of this workspace loaded from source unless `built`. Disposal kills the whole group.
 */
export function spawnNode(
  script: string | URL,
  args: readonly string[] = [],
  { env = {}, cwd, nodeArgs = [], built = false }: SpawnNodeOptions = {},
): SpawnedNode {
  const fromSource = built ? [] : ['--conditions=@rq/source', `--import=${import.meta.resolve('tsx')}`]
  const path = /^file:/.test(String(script)) ? fileURLToPath(script) : String(script)
  const child = spawn(process.execPath, [...fromSource, ...nodeArgs, path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  })
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
    })
  }
  running.add(child)
  const exited = once(child, 'close').then(([code, signal]) => {
    running.delete(child)
    return { code, signal }
  })
  const end = async (): Promise<void> => {
    killGroup(child)
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
    output(pattern, timeoutMs = 20_000) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(written.stdout) ?? pattern.exec(written.stderr)
          if (match !== null) resolve(match)
        }
        const giveUp = (why: string): void =>
          reject(new Error(`${why} ${pattern}:\n${written.stdout}${written.stderr}`))
        const timer = setTimeout(() => giveUp(`Wrote within ${timeoutMs} ms nothing like`), timeoutMs)
        child.stdout.on('data', look)
        child.stderr.on('data', look)
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
