import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { LOG_LEVELS, type Logger, type LogLevel, show, suggestion } from '@rq/core'
import type { CommandContext } from './command.ts'
import { CommandError, EXIT, UsageError } from './exit-code.ts'
import { text } from './flags.ts'
import { createLogger } from './log.ts'
import { unknownLetter } from './output/time-text.ts'

const LOG_FORMATS = ['text', 'json'] as const

/** The flags of commands that run until a signal stops them. */
export const SERVICE_FLAGS = {
  pid: text({ valueName: 'file', describe: 'File for the process id' }),
  'logging-level': text({
    alias: 'l',
    valueName: 'level',
    describe: `Minimum log level: ${LOG_LEVELS.join(', ')}`,
    defaultDescription: 'info',
  }),
  'log-format': text({
    valueName: 'format',
    choices: LOG_FORMATS,
    default: 'text',
    defaultDescription: 'text',
    describe: 'Log format',
  }),
  'date-format': text({
    valueName: 'format',
    default: '%H:%M:%S',
    defaultDescription: '%H:%M:%S',
    describe: 'Time format of log lines, as in strftime',
  }),
} as const

export interface ServiceFlags {
  readonly pid?: string | undefined
  readonly loggingLevel?: string | undefined
  readonly logFormat: string
  readonly dateFormat: string
  readonly quiet?: boolean | undefined
  readonly verbose?: boolean | undefined
}

/** A scheduler. */
interface Service {
  start(): Promise<void>
  stop(): Promise<void>
}

/** Run `service` until a signal stops it. */
export async function runService(service: Service, flags: ServiceFlags, context: CommandContext): Promise<void> {
  let interrupted: () => void = () => {}
  const ended = new Promise<void>((resolve) => {
    interrupted = resolve
  })
  const stopListening = context.host.onInterrupt(() => interrupted())
  const stopWatching = context.host.onLauncherGone(() => interrupted())
  try {
    if (flags.pid !== undefined) await writePid(flags.pid, context)
    await Promise.race([service.start(), ended])
    await ended
  } finally {
    await service.stop()
    stopWatching()
    stopListening()
  }
}

/** @throws UsageError. */
export function loggerOf(flags: ServiceFlags, { output }: CommandContext, ofSeveralWorkers = false): Logger {
  const { dateFormat, logFormat } = flags
  const letter = unknownLetter(dateFormat)
  if (letter !== undefined) throw new UsageError(`Invalid --date-format: unknown directive %${letter}.`)
  return createLogger({
    write: (entry) => output.log(entry),
    format: logFormat === 'json' ? 'json' : 'text',
    ofSeveralWorkers,
    level: levelOf(flags),
    dateFormat,
    paint: output.errorPaint,
    now: () => new Date(),
  })
}

function levelOf({ loggingLevel, quiet, verbose }: ServiceFlags): LogLevel {
  if (loggingLevel === undefined) return verbose === true ? 'debug' : quiet === true ? 'warn' : 'info'
  // RQ takes Python's level names.
  const word = loggingLevel
    .toLowerCase()
    .replace(/^warning$/, 'warn')
    .replace(/^critical$/, 'error')
  const level = LOG_LEVELS.find((one) => one === word)
  if (level !== undefined) return level
  throw new UsageError(
    `Invalid --logging-level: got ${show(loggingLevel)}, expected ${LOG_LEVELS.join(', ')}.${suggestion(word, LOG_LEVELS)}`,
  )
}

/** @throws CommandError. */
export async function writePid(path: string, { host }: CommandContext): Promise<void> {
  try {
    await writeFile(resolve(host.folder, path), String(host.pid))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`Cannot write the file of --pid: ${why}`, EXIT.failure, { cause })
  }
}
