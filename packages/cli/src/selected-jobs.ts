import { SECOND_MS } from '@rq/core'
import type { BulkResult, Queue, RegistrySelection } from 'rq'
import { duration, wholeNumber } from './arguments/option-value.ts'
import type { CommandContext } from './command.ts'
import { defined } from './defined.ts'
import { UsageError } from './exit-code.ts'
import { text } from './flags.ts'
import { functionName } from './function-name.ts'
import type { Progress } from './output/output.ts'

/** Jobs between two steps of the progress bar. */
const STEP = 500

/** The flags that select some jobs of a registry; they need the flag `of`. */
export function selectionFlags(of: '--all' | '--status') {
  return {
    limit: text({ valueName: 'n', describe: `With ${of}: at most so many jobs`, defaultDescription: 'all' }),
    'older-than': text({
      valueName: 'time',
      describe: `With ${of}: jobs that ended longer ago`,
      defaultDescription: 'all',
    }),
    function: text({ valueName: 'name', describe: `With ${of}: calls of this function`, defaultDescription: 'all' }),
    error: text({
      valueName: 'code',
      describe: `With ${of}: jobs that failed with this error, by its code or class`,
      defaultDescription: 'all',
    }),
  }
}

interface SelectionTexts {
  readonly limit?: string | undefined
  readonly olderThan?: string | undefined
  readonly function?: string | undefined
  readonly error?: string | undefined
}

/** @throws UsageError, also for a selection without the flag that it needs. */
export async function selectionOf(
  { error, function: func, limit, olderThan }: SelectionTexts,
  context: CommandContext,
): Promise<RegistrySelection> {
  return defined({
    limit: limit === undefined ? undefined : wholeNumber(limit, '--limit', 1),
    olderThan: olderThan === undefined ? undefined : duration(olderThan, '--older-than') / SECOND_MS,
    function: func === undefined ? undefined : await functionName(func, context.settings.importPaths),
    error,
  })
}

/** @throws UsageError if there is a selection. */
export function refuseSelection(typed: SelectionTexts, of: '--all' | '--status'): void {
  const { error, function: func, limit, olderThan } = typed
  if ((limit ?? olderThan ?? func ?? error) === undefined) return
  throw new UsageError(`--limit, --older-than, --function and --error need ${of}.`)
}

/** Whether it is unknown how many jobs are selected before each was looked at. */
export function isFiltered({ error, function: func, olderThan }: RegistrySelection): boolean {
  return (olderThan ?? func ?? error) !== undefined
}

/** Jobs of registries, at most `most` of them, and what to do with those of a queue. */
export interface SelectedJobs {
  readonly queues: readonly Queue[]
  readonly selection: RegistrySelection
  readonly most: number
  readonly take: (queue: Queue, selection: RegistrySelection) => Promise<BulkResult>
}

/** Take the selected jobs, some hundred in each step. @returns how many were taken. */
export async function takeSelected(jobs: SelectedJobs, progress: Progress): Promise<number> {
  const { most, queues, selection, take } = jobs
  const filtered = isFiltered(selection)
  let done = 0
  for (const queue of queues) {
    for (let left = 1; left > 0 && done < most; ) {
      // A call with a filter looks at the whole registry, so it is made once.
      const step = await take(queue, { ...selection, limit: Math.min(most - done, filtered ? most : STEP) })
      done += step.done
      progress.advance(step.done)
      left = filtered || step.done === 0 ? 0 : step.left
    }
  }
  progress.end()
  return done
}
