import { LONGEST_STOP_REASON, type WorkerCommand } from '@rq/job'
import { isObject, parseJson } from './json.ts'

/**
 * Write a command as RQ publishes it. The execution and the reason are further fields of `stop-job`: released versions
 * of RQ do not know `stop-execution`, and a Python worker does not know our execution ids.
 */
export function writeCommand(command: WorkerCommand): string {
  if (command.command !== 'stop-job') return JSON.stringify(command)
  const { executionId, jobId, reason } = command
  return JSON.stringify({ command: 'stop-job', job_id: jobId, execution_id: executionId, reason })
}

/** Read a published command; undefined if it is none that we know, which RQ ignores as well. */
export function readCommand(text: string): WorkerCommand | undefined {
  const value = parseJson(text)
  if (!isObject(value)) return undefined
  const { command, job_id: jobId, execution_id: executionId, queue, reason } = value
  if (command === 'shutdown' || command === 'kill-horse') return { command }
  if (command === 'pause' || command === 'resume') {
    if (queue === undefined) return { command }
    // Not the command without a queue, which does more.
    return typeof queue === 'string' ? { command, queue } : undefined
  }
  if (command !== 'stop-job' && command !== 'stop-execution') return undefined
  if (typeof jobId !== 'string') return undefined
  return {
    command: 'stop-job',
    jobId,
    ...(typeof executionId === 'string' && { executionId }),
    ...(typeof reason === 'string' && reason.length <= LONGEST_STOP_REASON && { reason }),
  }
}
