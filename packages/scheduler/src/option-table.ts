import {
  checkName,
  type DurationLike,
  durationMs,
  invalidOption,
  millisecondsOption,
  type OptionTable,
  stringOption,
} from '@rq/core'

const SHORTEST_INTERVAL_MS = 10

/** The options of a scheduler that have a flag on the command line: name, check, default, flag. */
export const SCHEDULER_OPTIONS = {
  name: stringOption({
    check: checkName,
    expected: 'a name',
    defaultText: 'random',
    flag: 'name',
    letter: 'n',
    valueName: 'name',
    help: 'Name of the scheduler',
  }),
  interval: {
    ...millisecondsOption({
      default: 1,
      flag: 'interval',
      help: 'Time between checks for jobs that Python scheduled',
    }),
    check: checkInterval,
  },
} satisfies OptionTable

function checkInterval(value: unknown, option: string): number {
  const ms = durationMs(value as DurationLike, option)
  if (ms < SHORTEST_INTERVAL_MS) throw invalidOption(option, value, `at least ${SHORTEST_INTERVAL_MS} ms`)
  return ms
}
