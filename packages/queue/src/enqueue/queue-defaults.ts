import { checkOptionNames, invalidOption } from '@rq/core'
import { checkOptions, ENQUEUE_OPTIONS, type EnqueueOptions, type OptionOfOneJob } from '@rq/job'

/** The options that every job of a queue has, unless its call says otherwise: not those that belong to one job. */
export type DefaultOptions = Omit<EnqueueOptions, OptionOfOneJob>

const OF_ONE_JOB = Object.entries(ENQUEUE_OPTIONS).flatMap(([name, rule]) => ('isOfOneJob' in rule ? [name] : []))
const NAMES = Object.fromEntries(Object.keys(ENQUEUE_OPTIONS).map((name) => [name, true]))

/** @throws RqError `RQ_INVALID_OPTION`, which names `option`. Returns a copy, undefined if it is empty. */
export function checkDefaultOptions(
  defaults: DefaultOptions | undefined,
  option: string = 'defaults',
): DefaultOptions | undefined {
  if (defaults === undefined) return undefined
  const given: Readonly<Record<string, unknown>> = { ...checkOptionNames(defaults, NAMES, option) }
  for (const name of OF_ONE_JOB) {
    if (given[name] !== undefined) throw invalidOption(`${option}.${name}`, given[name], 'none: it belongs to one job')
  }
  checkOptions(given as EnqueueOptions)
  return Object.keys(given).length === 0 ? undefined : (given as DefaultOptions)
}

/** The options of a call over the defaults of its queue. What is undefined was not given. */
export function overDefaults(
  defaults: DefaultOptions | undefined,
  given: EnqueueOptions | undefined,
): EnqueueOptions | undefined {
  if (defaults === undefined) return given
  // What is no object of options is refused where options are checked.
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) return given
  const own = Object.entries(given ?? {}).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(own) }
}
