import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import type { Host, Interrupt } from '@rq/cli'
import { loadConfig } from './config-file.ts'

const SIGNALS: readonly Interrupt[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** This process as the host of the command line. */
export function processHost(version: string): Host {
  const folder = process.cwd()
  return {
    version,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    folder,
    pid: process.pid,
    loadConfig: (path) => loadConfig(path, folder),
    errorsPage: () => readFile(new URL('./errors.md', import.meta.url), 'utf8'),
    confirm,
    onInterrupt(listener) {
      for (const signal of SIGNALS) process.on(signal, listener)
      return () => {
        for (const signal of SIGNALS) process.off(signal, listener)
      }
    },
    onLauncherGone: watchNpx,
  }
}

/** How often to look for the process that has started this one. */
const LOOK_MS = 500

/**
 * Call `onGone` when npx has ended, if it started this program. A signal to npx ends npx and the shell between, and
 * does not reach the program.
 */
function watchNpx(onGone: () => void): () => void {
  if (process.env.npm_command !== 'exec') return () => {}
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    onGone()
  }, LOOK_MS).unref()
  return () => clearInterval(timer)
}

/** Ask on the terminal. Anything but a clear yes is a no, including Ctrl-C and Ctrl-D. */
async function confirm(question: string): Promise<boolean | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const closed = new Promise<string>((resolve) => {
    lines.once('close', () => resolve(''))
  })
  lines.once('SIGINT', () => {
    process.stderr.write('\n')
    lines.close()
  })
  try {
    const asked = lines.question(`${question} [y/N] `).catch(() => '')
    return /^y(es)?$/i.test((await Promise.race([asked, closed])).trim())
  } finally {
    lines.close()
  }
}
