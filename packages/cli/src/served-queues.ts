import { DEFAULT_QUEUE_NAME } from 'rq/options'
import type { Settings } from './settings.ts'

/** The positional argument of commands that serve queues. */
export const SERVED_QUEUES = {
  type: 'string',
  array: true,
  describe: 'Queue names',
  defaultDescription: `those of the configuration file, else ${DEFAULT_QUEUE_NAME}`,
} as const

/** The queues to serve: those that were named, else those of the configuration file, else the default queue. */
export function servedQueues(named: readonly string[] | undefined, { config }: Settings): readonly string[] {
  return [named, config.queues].find((names) => names !== undefined && names.length > 0) ?? [DEFAULT_QUEUE_NAME]
}
