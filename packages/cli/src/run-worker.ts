import type { CommandContext } from './command.ts'
import { CommandError, EXIT, type ExitCode } from './exit-code.ts'
import { writePid } from './service-flags.ts'
import type { Session } from './session.ts'

/** A worker, or a pool of them. */
interface Stoppable {
  stop(options?: { force?: boolean }): Promise<void>
}

/**
 * Run `worker` in this process until its work ends or a signal stops it. Writes the process id to the file `pid`. The
 * first signal starts a warm shutdown; a second one, at least a second later, a cold one.
 * @throws CommandError while workers are suspended.
 */
export async function runWorker(
  session: Session,
  { worker, work, pid }: { worker: Stoppable; work: () => Promise<unknown>; pid: string | undefined },
  context: CommandContext,
): Promise<ExitCode> {
  if (await session.rq.isSuspended(session.where)) {
    throw new CommandError('Workers are suspended, so this one does not start. Run `rq-cli resume` first.')
  }
  if (pid !== undefined) await writePid(pid, context)
  let isCold = false
  const stopListening = session.rq.handleSignals({
    stop: (how) => {
      isCold ||= how?.force === true
      return worker.stop(how)
    },
  })
  try {
    await work()
  } finally {
    stopListening()
  }
  return isCold ? EXIT.failure : EXIT.done
}
