/**
 * The process of a horse. It gets messages on descriptor 3 and tells on descriptor 4, one line of JSON each.
 * It ends when the worker closes its pipe, kills it, or is gone.
 */
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { Worker as Thread } from 'node:worker_threads'
import { Stable } from './horse-host.ts'
import { LineReader, writeLine } from './lines.ts'
import type { FromHorse, ToHorse } from './protocol.ts'

const IN = 3
const OUT = 4
const FULL_WAIT_MS = 1

const nap = new Int32Array(new SharedArrayBuffer(4))

function tell(message: FromHorse): void {
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

/** End this process and whatever it has started. */
function die(): never {
  try {
    process.kill(-process.pid, 'SIGKILL')
  } catch {
    // Not the head of a process group.
  }
  process.kill(process.pid, 'SIGKILL')
  process.exit(1)
}

const home = process.cwd()

/** A job that changed its directory does not leave the next one there. */
function goHome(): void {
  try {
    if (process.cwd() !== home) process.chdir(home)
  } catch {
    // The folder is gone. Import paths are absolute, so jobs are found all the same.
  }
}

const stable = new Stable({
  tell,
  title(name) {
    process.title = name
  },
  tidyUp: goHome,
})

process.on('exit', () => stable.flush())
// A supervisor that signals every process of a service must not end a job that the worker lets finish.
process.on('SIGTERM', () => {})
process.on('SIGINT', () => {})

const lines = new LineReader<ToHorse>((message) => stable.receive(message))
new Socket({ fd: IN, readable: true, writable: false })
  .setEncoding('utf8')
  .on('data', (text: string) => lines.push(text))
  .on('error', die)
  .on('close', die)

if (process.argv.includes('--watch-parent')) {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  new Thread(new URL(`./watchdog${extension}`, import.meta.url), { workerData: process.ppid, execArgv: [] }).unref()
}
