import type { Logger } from '@rq/core'
import type { CommandContext } from './command.ts'
import { CommandError, EXIT, type ExitCode } from './exit-code.ts'
import { firstCall } from './first-call.ts'
import { writePid } from './service-flags.ts'
import type { Session } from './session.ts'

/** A worker, or a pool of them. */
interface Stoppable {
  stop(options?: { force?: boolean }): Promise<void>
}

interface WorkerPlan {
  readonly worker: Stoppable
  readonly work: () => Promise<unknown>
  /** The file for the process id. */
  readonly pid: string | undefined
  /** A burst does not wait for Redis: nothing may be left to do. */
  readonly isBurst: boolean
  readonly logger: Logger
}

/**
 * Run `worker` in this process until its work ends or a signal stops it. Waits for Redis, unless it is a burst. The
 * first signal starts a warm shutdown; a second one, at least a second later, a cold one.
 * @throws CommandError while workers are suspended.
 */
export async function runWorker(
  session: Session,
  { worker, work, pid, isBurst, logger }: WorkerPlan,
  context: CommandContext,
): Promise<ExitCode> {
  const isSuspended = () => session.rq.isSuspended(session.where)
  if (await (isBurst ? isSuspended() : firstCall(isSuspended, logger))) {
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
  const stopWatching = context.host.onLauncherGone(() => void worker.stop())
  try {
    await work()
  } finally {
    stopWatching()
    stopListening()
  }
  return isCold ? EXIT.failure : EXIT.done
}
