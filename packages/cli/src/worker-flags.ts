import type { Argv } from 'yargs'
import { flag, text, texts, wholeNumber } from './arguments/option-value.ts'
import type { CommandContext } from './command.ts'
import { CommandError, EXIT, type ExitCode } from './exit-code.ts'
import { loggerOf, SERVICE_FLAGS, type ServiceFlags, writePid } from './service-flags.ts'
import type { Session } from './session.ts'
import { listOf, moduleFrom } from './settings.ts'

const HORSES = ['process', 'thread', 'inline'] as const
const STRATEGIES = ['default', 'random', 'round_robin'] as const

/** rq's options by the names that are typed here. */
export const TYPED_FLAGS: Readonly<Record<string, string>> = {
  queues: 'queues',
  name: '--name',
  concurrency: '--concurrency',
  horse: '--horse',
  serializer: '--serializer',
  workerTtl: '--worker-ttl',
  jobMonitoringInterval: '--job-monitoring-interval',
  maintenanceInterval: '--maintenance-interval',
  defaultResultTtl: '--results-ttl',
  gracePeriod: '--grace-period',
  exceptionHandlers: '--exception-handler',
  numWorkers: '--num-workers',
  maxJobs: '--max-jobs',
  maxIdleTime: '--max-idle-time',
}

/** The flags of whatever runs workers. */
export function workerFlags<T>(yargs: Argv<T>) {
  return yargs
    .positional('queues', {
      type: 'string',
      array: true,
      describe: 'Names of queues',
      defaultDescription: 'those of the configuration file, else default',
    })
    .options({
      burst: flag({ alias: 'b', describe: 'Leave when the queues are empty' }),
      concurrency: text({ describe: 'Jobs at once', defaultDescription: '1' }),
      horse: text({
        choices: HORSES,
        describe: 'Where jobs run: each in a process of its own, in a thread, or in the worker itself',
        defaultDescription: 'process',
      }),
      import: texts({ describe: 'Module that every work horse loads first, such as tsx; repeatable' }),
      allow: texts({ describe: 'Package that functions may come from, repeatable' }),
      'results-ttl': text({ describe: 'How long results are kept, unless a job says', defaultDescription: '500' }),
      'grace-period': text({
        describe: 'When asked to stop, give back jobs that still run after so long: seconds, or 5m, 1h',
        defaultDescription: 'as long as they take',
      }),
      'worker-ttl': text({ describe: 'How long a silent worker is taken for alive', defaultDescription: '420' }),
      'job-monitoring-interval': text({ describe: 'Longest time between heartbeats', defaultDescription: '30' }),
      'maintenance-interval': text({ describe: 'How often registries are cleaned', defaultDescription: '600' }),
      'dequeue-strategy': text({
        choices: STRATEGIES,
        describe: 'Which queue is served next',
        defaultDescription: 'default: in the order given',
      }),
      'exception-handler': texts({ describe: 'Function to call when a job has failed, repeatable' }),
      'disable-default-exception-handler': flag({ describe: 'Keep failed jobs out of the failed registry' }),
      'disable-job-desc-logging': flag({ describe: 'Log ids of jobs, not their calls, which hold arguments' }),
    })
    .options(SERVICE_FLAGS)
}

interface Flags extends ServiceFlags {
  readonly queues?: readonly string[] | undefined
  readonly concurrency?: string | undefined
  readonly horse?: string | undefined
  readonly import?: readonly string[] | undefined
  readonly allow?: readonly string[] | undefined
  readonly resultsTtl?: string | undefined
  readonly gracePeriod?: string | undefined
  readonly workerTtl?: string | undefined
  readonly jobMonitoringInterval?: string | undefined
  readonly maintenanceInterval?: string | undefined
  readonly dequeueStrategy?: string | undefined
  readonly exceptionHandler?: readonly string[] | undefined
  readonly disableDefaultExceptionHandler: boolean
  readonly disableJobDescLogging: boolean
}

/** What flags and configuration file say of a worker, in rq's words. @throws UsageError. */
export function workerOptions(flags: Flags, context: CommandContext) {
  const { settings, host } = context
  const { config } = settings
  const concurrency = flags.concurrency === undefined ? undefined : wholeNumber(flags.concurrency, '--concurrency', 1)
  return {
    queues: [flags.queues, config.queues].find((names) => names !== undefined && names.length > 0) ?? ['default'],
    strategy: defined({ dequeueStrategy: STRATEGIES.find((one) => one === flags.dequeueStrategy) }),
    options: {
      importPaths: settings.importPaths,
      allow: flags.allow ?? listOf(config.allow),
      imports: flags.import?.map((module) => moduleFrom(module, host.folder)) ?? settings.imports,
      disableDefaultExceptionHandler: flags.disableDefaultExceptionHandler,
      logger: loggerOf(flags, context),
      logJobDescription: !flags.disableJobDescLogging,
      ...defined({
        concurrency: concurrency ?? config.concurrency,
        serializer: settings.serializer,
        horse: HORSES.find((one) => one === flags.horse) ?? config.horse,
        exceptionHandlers: flags.exceptionHandler,
        defaultResultTtl: flags.resultsTtl,
        gracePeriod: flags.gracePeriod,
        workerTtl: flags.workerTtl,
        jobMonitoringInterval: flags.jobMonitoringInterval,
        maintenanceInterval: flags.maintenanceInterval,
      }),
    },
  }
}

/** What can be stopped warm, or with force. */
interface Stoppable {
  stop(options?: { force?: boolean }): Promise<void>
}

/**
 * Let `worker` work in this process: not while workers are suspended, with its process id in the file of `--pid`, and
 * until a signal stops it. The first one is a warm shutdown; a second one, at least a second later, a cold one.
 */
export async function runWorker(
  session: Session,
  { worker, work, pid }: { worker: Stoppable; work: () => Promise<unknown>; pid: string | undefined },
  context: CommandContext,
): Promise<ExitCode> {
  if (await session.rq.isSuspended(session.where)) {
    throw new CommandError('Workers are suspended, so this one does not start. `rq-cli resume` lifts that.')
  }
  if (pid !== undefined) await writePid(pid, context)
  let isCold = false
  const stopListening = session.rq.handleSignals({
    stop: (how) => {
      isCold ||= how?.force === true
      return worker.stop(how)
    },
  })
  try {
    await work()
  } finally {
    stopListening()
  }
  return isCold ? EXIT.failure : EXIT.done
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without what is undefined: rq's options are absent rather than undefined. */
export function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>
}
