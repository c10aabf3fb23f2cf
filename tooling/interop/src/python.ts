import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Python } from '../../../scripts/python.mjs'

const FUNCTIONS = fileURLToPath(new URL('../functions', import.meta.url))
const AGENT = fileURLToPath(new URL('../python/agent.py', import.meta.url))
const WORKER = fileURLToPath(new URL('../python/worker.py', import.meta.url))

export interface PythonWorkerOptions {
  readonly queues: readonly string[]
  readonly name: string
  readonly burst?: boolean
  readonly with_scheduler?: boolean
  readonly job_monitoring_interval?: number
  /** Use RQ's default serializer instead of JSON. Default false. */
  readonly pickle?: boolean
  readonly logging_level?: 'DEBUG' | 'INFO' | 'WARNING'
}

/** A Python process of a test. Disposal kills its process group. */
export class PythonProcess implements AsyncDisposable {
  readonly child: ChildProcess
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  #written = ''

  constructor(python: Python, args: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore') {
    const PYTHONPATH = [FUNCTIONS, process.env.PYTHONPATH].filter((path) => path).join(':')
    const env = { ...process.env, PYTHONPATH, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' }
    this.child = spawn(python.path, [...args], { stdio: [stdin, 'pipe', 'pipe'], detached: true, env })
    for (const stream of [this.child.stderr, ...(stdin === 'pipe' ? [] : [this.child.stdout])]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#written = (this.#written + text).slice(-100_000)
      })
    }
    running.add(this.child)
    this.exited = once(this.child, 'close').then(([code, signal]) => {
      running.delete(this.child)
      return { code, signal }
    })
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  /** The last 100,000 characters written to stderr, and to stdout unless that carries replies. */
  get written(): string {
    return this.#written
  }

  /** Send a signal to this process only. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.child.kill(signal)
  }

  /** Does not wait for processes in sessions of their own, such as RQ's work horses. */
  async [Symbol.asyncDispose](): Promise<void> {
    killGroup(this.child)
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit')
    for (const stream of this.child.stdio) stream?.destroy()
  }
}

export function startPythonWorker(python: Python, url: string, options: PythonWorkerOptions): PythonProcess {
  return new PythonProcess(python, [WORKER, url, JSON.stringify(options)])
}

/** Run RQ's command line: `rq ARGS`. */
export function startPythonCli(python: Python, args: readonly string[]): PythonProcess {
  return new PythonProcess(python, ['-c', 'from rq.cli import main; main()', ...args])
}

/** A Python interpreter with RQ's classes imported (python/agent.py), which runs code in the order of the calls. */
export class PythonAgent implements AsyncDisposable {
  readonly #process: PythonProcess
  readonly #answers: AsyncIterator<string>
  #turn: Promise<unknown>

  constructor(python: Python, url: string) {
    this.#process = new PythonProcess(python, [AGENT, url], 'pipe')
    const stdout = this.#process.child.stdout
    if (stdout === null) throw new Error('The agent has no output.')
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]()
    this.#turn = this.#answer()
    // A run reports this error. An agent that is disposed of before its first run must not leave it unhandled.
    this.#turn.catch(() => {})
  }

  /**
   * Run code with `names` defined as variables. Returns the value of its last expression.
   * @throws Error with class and message of the exception.
   */
  run<T = unknown>(code: string, names: Readonly<Record<string, unknown>> = {}): Promise<T> {
    const run = this.#turn.then(() => {
      this.#process.child.stdin?.write(`${JSON.stringify({ code, names })}\n`)
      return this.#answer() as Promise<T>
    })
    this.#turn = run.catch(() => {})
    return run
  }

  async #answer(): Promise<unknown> {
    const line = await this.#answers.next()
    if (line.done === true) throw new Error(`Python ended:\n${this.#process.written}`)
    const answer = JSON.parse(line.value) as { value?: unknown; error?: string }
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer.value
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
  }
}

const running = new Set<ChildProcess>()
process.on('exit', () => running.forEach(killGroup))

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The whole process group has ended already.
  }
}
