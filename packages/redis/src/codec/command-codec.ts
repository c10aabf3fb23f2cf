import type { WorkerCommand } from '@rq/job'

/**
 * A command as RQ publishes it. The execution is told as one more field of `stop-job`: released versions
 * of RQ know no `stop-execution`, and the id may be one that a Python worker has never heard of.
 */
export function writeCommand(command: WorkerCommand): string {
  if (command.command !== 'stop-job') return JSON.stringify(command)
  return JSON.stringify({ command: 'stop-job', job_id: command.jobId, execution_id: command.executionId })
}

/** What a published text asks for; undefined for what is not a command of ours, which RQ ignores as well. */
export function readCommand(text: string): WorkerCommand | undefined {
  const value = parse(text)
  if (typeof value !== 'object' || value === null || !('command' in value)) return undefined
  const { command } = value
  if (command === 'shutdown' || command === 'kill-horse') return { command }
  if (command !== 'stop-job' && command !== 'stop-execution') return undefined
  const jobId = 'job_id' in value ? value.job_id : undefined
  const executionId = 'execution_id' in value ? value.execution_id : undefined
  if (typeof jobId !== 'string') return undefined
  return { command: 'stop-job', jobId, ...(typeof executionId === 'string' ? { executionId } : {}) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
