import { isNameOfJob, type NamesInUse } from '@rq/job'

/** What uses names of jobs in a queue of the worker. */
export interface UsedNames extends Pick<NamesInUse, 'schedules' | 'workers'> {
  readonly queue: string
}

/** A name that a worker does not know. `of`: what uses it. */
export interface LackingName {
  readonly name: string
  readonly of: string
}

const MOST_NAMED = 10

/** The names that a worker does not know and its queues use, each once: those of schedules, then those of workers. */
export function lackingNames(known: ReadonlySet<string>, used: readonly UsedNames[]): LackingName[] {
  const lacking = new Map<string, string>()
  const note = (name: string, of: string) => {
    if (!known.has(name) && !lacking.has(name)) lacking.set(name, of)
  }
  for (const { queue, schedules } of used) {
    for (const { funcName, name } of schedules) {
      if (isNameOfJob(funcName)) note(funcName, `schedule ${name} of the queue ${queue}`)
    }
  }
  for (const { queue, workers } of used) {
    for (const { jobNames = [], name } of workers) {
      for (const one of jobNames) note(one, `worker ${name} of the queue ${queue}`)
    }
  }
  return [...lacking].map(([name, of]) => ({ name, of }))
}

/** The line that a worker logs of them. */
export function lackingText(lacking: readonly LackingName[], returnsUnknown: boolean): string {
  const named = lacking.slice(0, MOST_NAMED).map(({ name, of }) => `${name} (${of})`)
  const more = lacking.length > MOST_NAMED ? ` and ${lacking.length - MOST_NAMED} more` : ''
  const becomes = returnsUnknown ? 'go back to their queue' : 'fail'
  return `This worker does not know jobs that its queues use: ${named.join(', ')}${more}. Here they ${becomes}. Add them to its jobs, or serve these queues with workers that know them`
}
