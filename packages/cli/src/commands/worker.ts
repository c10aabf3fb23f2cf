import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Logger } from '@rq/core'
import { type CommandContext, defineCommand } from '../command.ts'
import { CommandError, EXIT, UsageError } from '../exit-code.ts'
import { createLogger, type LogLevel } from '../log.ts'
import { flag, namingOptions, text, texts, wholeNumber } from '../option-value.ts'
import { Session } from '../session.ts'
import { listOf, moduleFrom } from '../settings.ts'
import { unknownLetter } from '../time-text.ts'

/** rq's options by the names that are typed here. */
const TYPED: Readonly<Record<string, string>> = {
  name: '--name',
  concurrency: '--concurrency',
  horse: '--horse',
  serializer: '--serializer',
  workerTtl: '--worker-ttl',
  jobMonitoringInterval: '--job-monitoring-interval',
  maintenanceInterval: '--maintenance-interval',
  defaultResultTtl: '--results-ttl',
  exceptionHandlers: '--exception-handler',
  maxJobs: '--max-jobs',
  maxIdleTime: '--max-idle-time',
  dequeueStrategy: '--dequeue-strategy',
  'queue name': 'queue name',
}

const HORSES = ['process', 'thread', 'inline'] as const
const STRATEGIES = ['default', 'random', 'round_robin'] as const

export const worker = defineCommand({
  name: 'worker',
  positional: '[queues..]',
  summary: 'Work off queues, in the order given',
  examples: [
    ['worker high default', 'Two queues, the first one first'],
    ['worker --burst', 'Work off what is there, and leave'],
    ['worker --concurrency 4 --path dist', 'Four jobs at once, functions from ./dist'],
    ['worker --import tsx --allow @acme/jobs', 'Functions in TypeScript, and from a package'],
  ],
  options: (yargs) =>
    yargs
      .positional('queues', {
        type: 'string',
        array: true,
        describe: 'Names of queues',
        defaultDescription: 'those of the configuration file, else default',
      })
      .options({
        burst: flag({ alias: 'b', describe: 'Leave when the queues are empty' }),
        name: text({ alias: 'n', describe: 'Name of the worker', defaultDescription: 'random' }),
        concurrency: text({ describe: 'Jobs at once', defaultDescription: '1' }),
        horse: text({
          choices: HORSES,
          describe: 'Where jobs run: each in a process of its own, in a thread, or in the worker itself',
          defaultDescription: 'process',
        }),
        import: texts({ describe: 'Module that every work horse loads first, such as tsx; repeatable' }),
        allow: texts({ describe: 'Package that functions may come from, repeatable' }),
        'results-ttl': text({ describe: 'How long results are kept, unless a job says', defaultDescription: '500' }),
        'worker-ttl': text({ describe: 'How long a silent worker is taken for alive', defaultDescription: '420' }),
        'job-monitoring-interval': text({ describe: 'Longest time between heartbeats', defaultDescription: '30' }),
        'maintenance-interval': text({ describe: 'How often registries are cleaned', defaultDescription: '600' }),
        'max-jobs': text({ describe: 'Leave after so many jobs' }),
        'max-idle-time': text({ describe: 'Leave when no job has come for so long' }),
        'dequeue-strategy': text({
          choices: STRATEGIES,
          describe: 'Which queue is served next',
          defaultDescription: 'default: in the order given',
        }),
        'exception-handler': texts({ describe: 'Function to call when a job has failed, repeatable' }),
        pid: text({ describe: 'File to write the process id to' }),
        'log-format': text({
          choices: ['text', 'json'],
          default: 'text',
          describe: 'Log lines for people or programs',
        }),
        'date-format': text({ default: '%H:%M:%S', describe: 'Time of log lines, as strftime' }),
      }),
  async run(options, context) {
    const { host, settings } = context
    const { config } = settings
    const letter = unknownLetter(options.dateFormat)
    if (letter !== undefined) throw new UsageError(`Invalid --date-format: %${letter} is not known.`)
    const concurrency =
      options.concurrency === undefined ? config.concurrency : wholeNumber(options.concurrency, '--concurrency', 1)
    const maxJobs = options.maxJobs === undefined ? undefined : wholeNumber(options.maxJobs, '--max-jobs', 1)
    await using session = await Session.open(context)
    const queues = [options.queues ?? [], config.queues ?? [], ['default']].find((names) => names.length > 0) ?? []
    const allow = options.allow ?? listOf(config.allow)
    const imports = options.import?.map((module) => moduleFrom(module, host.folder)) ?? settings.imports
    const name = options.name ?? config.name
    const made = await namingOptions(TYPED, async () => {
      return new session.rq.Worker(queues, {
        ...session.where,
        importPaths: settings.importPaths,
        allow,
        imports,
        logger: loggerOf(options, context),
        ...defined({
          name,
          concurrency,
          serializer: settings.serializer,
          horse: HORSES.find((one) => one === options.horse) ?? config.horse,
          exceptionHandlers: options.exceptionHandler,
          defaultResultTtl: options.resultsTtl,
          workerTtl: options.workerTtl,
          jobMonitoringInterval: options.jobMonitoringInterval,
          maintenanceInterval: options.maintenanceInterval,
        }),
      })
    })
    if (await session.rq.isSuspended(session.where)) {
      throw new CommandError('Workers are suspended, so this one does not start. `rq-cli resume` lifts that.')
    }
    if (options.pid !== undefined) await writePid(options.pid, context)
    let isCold = false
    const stopListening = session.rq.handleSignals({
      stop: (how) => {
        isCold ||= how?.force === true
        return made.stop(how)
      },
    })
    try {
      await namingOptions(TYPED, () =>
        made.work({
          burst: options.burst,
          ...defined({
            maxJobs,
            maxIdleTime: options.maxIdleTime,
            dequeueStrategy: STRATEGIES.find((one) => one === options.dequeueStrategy),
          }),
        }),
      )
    } finally {
      stopListening()
    }
    return isCold ? EXIT.failure : EXIT.done
  },
})

interface LogFlags {
  readonly quiet: boolean
  readonly verbose: boolean
  readonly logFormat: string
  readonly dateFormat: string
}

function loggerOf({ quiet, verbose, logFormat, dateFormat }: LogFlags, { output }: CommandContext): Logger {
  const level: LogLevel = verbose ? 'debug' : quiet ? 'warn' : 'info'
  return createLogger({
    write: (entry) => output.log(entry),
    format: logFormat === 'json' ? 'json' : 'text',
    level,
    dateFormat,
    paint: output.errorPaint,
    now: () => new Date(),
  })
}

async function writePid(path: string, { host }: CommandContext): Promise<void> {
  try {
    await writeFile(resolve(host.folder, path), String(host.pid))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`The file of --pid cannot be written: ${why}`, EXIT.failure, { cause })
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>
}
