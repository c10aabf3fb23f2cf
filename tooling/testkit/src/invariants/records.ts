import { executionFaults, isJobId, jobFaults, resultFaults, workerFaults } from './field-rules.ts'
import type { State } from './state.ts'

/** The fields of every record, by the rules of its readers. */
export function records(state: State): string[] {
  const found: string[] = []
  const add = (what: string, faults: readonly string[]): void => {
    for (const fault of faults) found.push(`${what} ${fault}`)
  }
  for (const id of state.all('job').keys()) {
    if (!isJobId(id)) found.push(`job ${JSON.stringify(id)} has an id that RQ cannot read`)
    add(`job ${id}`, jobFaults(state.job(id) ?? new Map()))
  }
  for (const name of state.all('worker').keys())
    add(`worker ${name}`, workerFaults(state.fields('worker', name) ?? new Map()))
  for (const name of state.all('execution').keys()) {
    add(`execution ${name}`, executionFaults(state.fields('execution', name) ?? new Map()))
  }
  for (const [id, key] of state.all('results')) {
    if (key.type === 'stream') for (const entry of key.value) add(`result of ${id}`, resultFaults(entry))
  }
  return found
}
