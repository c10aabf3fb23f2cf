import process from 'node:process'
import { version } from './version.ts'

/** How long modules of the configuration may keep the process alive after the command. */
const GRACE_MS = 2000

/**
 * The `rq-cli` program: runs the command of `args` in this process, and sets its exit code. Each command loads the
 * packages that it needs, so that `--version` and `--help` are quick.
 */
export async function main(args: readonly string[]): Promise<void> {
  hideSecrets(args)
  endWithReader()
  if (args.length === 1 && args[0] === '--version') {
    process.stdout.write(`${version}\n`)
    return
  }
  const [{ runCommandLine }, { processHost }] = await Promise.all([import('@rq/cli'), import('./process-host.ts')])
  process.exitCode = await runCommandLine(args, processHost(version))
  setTimeout(() => process.exit(), GRACE_MS).unref()
}

/** A password in `--url` would appear in the process list, which shows the process title instead of the arguments. */
function hideSecrets(args: readonly string[]): void {
  if (args.some((word) => /:\/\/[^/\s]*@|[?&]\w*pass/i.test(word))) process.title = 'rq-cli'
}

/** The errors of writing into a pipe whose reader has ended, and to a terminal that was closed. */
const NO_READER: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO'])

/** `rq-cli info | head` ends quietly when `head` does. A closed stderr or terminal does not end a worker at once. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!NO_READER.has(error.code)) throw error
    if (error.code === 'EPIPE') process.exit(0)
  })
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (!NO_READER.has(error.code)) throw error
  })
}
