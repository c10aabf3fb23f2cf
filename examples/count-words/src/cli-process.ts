import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const PATIENCE_MS = 5000

type Environment = Readonly<Record<string, string>>

/** A running worker. Disposal ends it by SIGTERM, as a user would, and waits for it. */
export interface WorkerProcess extends AsyncDisposable {
  /** What it has written so far. */
  readonly log: string
  /** Resolves when it ends, with a sentence that says how. */
  readonly ended: Promise<string>
}

/** Start `rq-cli worker` as a process. */
export function startWorker(args: readonly string[], env: Environment): WorkerProcess {
  const child = spawn(process.execPath, [executable(), 'worker', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => `The worker ended (${signal ?? `exit code ${code}`}).`)
  return {
    get log() {
      return log
    },
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      const inTime = await Promise.race([ended, delay(PATIENCE_MS, undefined, { ref: false })])
      if (inTime === undefined) child.kill('SIGKILL')
      await ended
    },
  }
}

/** Run an `rq-cli` command and show its output. @throws Error when its exit code is not 0. */
export async function runCli(args: readonly string[], env: Environment): Promise<void> {
  const child = spawn(process.execPath, [executable(), ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`rq-cli ${args[0]} ended with exit code ${code}.`)
}

function executable(): string {
  const manifest = fileURLToPath(import.meta.resolve('rq-cli/package.json'))
  return join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin['rq-cli'])
}
