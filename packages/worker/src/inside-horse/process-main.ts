/**
 * The process of a horse. It reads messages from file descriptor 3 and writes messages to file descriptor 4, a line
 * each. It ends when the worker closes its pipe, kills it, or is gone.
 */
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { Worker as Thread } from 'node:worker_threads'
import { givenRole, programFor } from '../program.ts'
import { HorseHost } from './horse-host.ts'
import { LineReader, writeLine } from './lines.ts'
import { ProcessState } from './process-state.ts'
import type { FromHorse, ToHorse } from './protocol.ts'

// For jobs. A flag of Node would also read the map of each of our modules when it is loaded.
process.setSourceMapsEnabled(true)

const IN = 3
const OUT = 4
const FULL_WAIT_MS = 1

const nap = new Int32Array(new SharedArrayBuffer(4))

function send(message: FromHorse): void {
  let rest = Buffer.from(writeLine(message))
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(OUT, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') die()
      Atomics.wait(nap, 0, 0, FULL_WAIT_MS)
    }
  }
}

/** End this process and all processes that it has started. */
function die(): never {
  try {
    process.kill(-process.pid, 'SIGKILL')
  } catch {
    // It does not lead a process group.
  }
  process.kill(process.pid, 'SIGKILL')
  process.exit(1)
}

/**
 * End without the stack that Node.js would print now: the worker logs it. Does nothing if the program has a listener of
 * its own, which may print or report the error, or keep the process.
 */
function endQuietly(): void {
  const hasOwn =
    process.listenerCount('uncaughtException') > 0 ||
    process.listenerCount('uncaughtExceptionMonitor') > 1 ||
    process.hasUncaughtExceptionCaptureCallback()
  if (!hasOwn) process.exit(1)
}

const state = new ProcessState()

const host = new HorseHost({
  send,
  setTitle: (title) => state.setTitle(title),
  onFatal: endQuietly,
  onEnd: () => state.restore(),
})

// A supervisor may signal every process of a service. That must not end a job that the worker lets finish.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})

const lines = new LineReader<ToHorse>({ deliver: (message) => host.receive(message) })
new Socket({ fd: IN, readable: true, writable: false })
  .setEncoding('utf8')
  .on('data', (text: string) => lines.push(text))
  .on('error', die)
  .on('close', die)

if (process.argv.includes('--watch-parent')) {
  const { file, args } = programFor('watchdog', givenRole() === undefined ? undefined : process.argv[1])
  new Thread(file, { argv: [...args], workerData: process.ppid, execArgv: [] }).unref()
}
