import { createRequire } from 'node:module'
import process from 'node:process'

const { version } = createRequire(import.meta.url)('../package.json') as { version: string }

/** What a module that the configuration imports may go on doing before the process ends nevertheless. */
const GRACE_MS = 2000

/**
 * The whole of the `rq-cli` program: runs the command that `args` name in this process, and sets its exit code.
 * Everything heavy is loaded by the command that needs it, so that `--version` and `--help` are quick.
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

/** A password in `--url` would be in everybody's list of processes; a title takes the place of the arguments there. */
function hideSecrets(args: readonly string[]): void {
  if (args.some((word) => /:\/\/[^/\s]*@|[?&]\w*pass/i.test(word))) process.title = 'rq-cli'
}

/** `rq-cli info | head` ends quietly with `head`. A worker goes on when its log has no reader any more. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
