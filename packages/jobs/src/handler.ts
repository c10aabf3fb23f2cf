import { RqError } from '@rq/core'
import type { AnyFunction } from '@rq/job'
import { type CurrentJob, getCurrentJob, inputInvalid } from '@rq/queue'
import { parseInput } from './checked-input.ts'
import type { JobDefinition, JobRun } from './definition.ts'

/**
 * The function that a worker registers under the name of a job: it checks the input, and calls `run` with the output of
 * the schema. Makes no promise unless the schema or `run` does.
 */
export function handlerOf(name: string, definition: JobDefinition, services: unknown): AnyFunction {
  const schema = definition.input
  return (...args: readonly unknown[]) => {
    if (args.length > 1) {
      throw inputInvalid(name, [{ message: `expected one argument, the input; got ${args.length}` }])
    }
    const run = new Run(services)
    const parsed = schema === undefined ? args[0] : parseInput(name, schema, args[0])
    if (!(parsed instanceof Promise)) return definition.run(parsed, run)
    return parsed.then((input) => {
      run.signal.throwIfAborted()
      return definition.run(input, run)
    })
  }
}

/** The handle of the job is made when it is first asked for: it costs more than all else that a short job needs. */
class Run implements JobRun {
  readonly services: unknown

  constructor(services: unknown) {
    this.services = services
  }

  get job(): CurrentJob {
    const job = getCurrentJob()
    if (job === undefined) throw new RqError('RQ_INVALID_OPERATION', 'There is no job here: run() was called outside.')
    return job
  }

  get signal(): AbortSignal {
    return this.job.signal
  }
}
