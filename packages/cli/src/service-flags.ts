import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Logger, show } from '@rq/core'
import { text } from './arguments/option-value.ts'
import type { CommandContext } from './command.ts'
import { CommandError, EXIT, UsageError } from './exit-code.ts'
import { createLogger, LEVELS, type LogLevel } from './log.ts'
import { unknownLetter } from './output/time-text.ts'
import { suggestion } from './suggestion.ts'

/** The flags of whatever runs until it is stopped. */
export const SERVICE_FLAGS = {
  pid: text({ describe: 'File to write the process id to' }),
  'logging-level': text({ alias: 'l', describe: 'Least level of log lines: debug, info, warn or error' }),
  'log-format': text({ choices: ['text', 'json'], default: 'text', describe: 'Log lines for people or programs' }),
  'date-format': text({ default: '%H:%M:%S', describe: 'Time of log lines, as strftime' }),
} as const

export interface ServiceFlags {
  readonly pid?: string | undefined
  readonly loggingLevel?: string | undefined
  readonly logFormat: string
  readonly dateFormat: string
  readonly quiet: boolean
  readonly verbose: boolean
}

/** What runs until it is stopped. */
interface Service {
  start(): Promise<void>
  stop(): Promise<void>
}

/** Run `service` until a signal asks to end. */
export async function runService(service: Service, flags: ServiceFlags, context: CommandContext): Promise<void> {
  let interrupted: () => void = () => {}
  const ended = new Promise<void>((resolve) => {
    interrupted = resolve
  })
  const stopListening = context.host.onInterrupt(() => interrupted())
  try {
    if (flags.pid !== undefined) await writePid(flags.pid, context)
    await Promise.race([service.start(), ended])
    await ended
  } finally {
    await service.stop()
    stopListening()
  }
}

/** @throws UsageError. */
export function loggerOf(flags: ServiceFlags, { output }: CommandContext): Logger {
  const { dateFormat, logFormat } = flags
  const letter = unknownLetter(dateFormat)
  if (letter !== undefined) throw new UsageError(`Invalid --date-format: %${letter} is not known.`)
  return createLogger({
    write: (entry) => output.log(entry),
    format: logFormat === 'json' ? 'json' : 'text',
    level: levelOf(flags),
    dateFormat,
    paint: output.errorPaint,
    now: () => new Date(),
  })
}

function levelOf({ loggingLevel, quiet, verbose }: ServiceFlags): LogLevel {
  if (loggingLevel === undefined) return verbose ? 'debug' : quiet ? 'warn' : 'info'
  // RQ's words are those of Python.
  const word = loggingLevel
    .toLowerCase()
    .replace(/^warning$/, 'warn')
    .replace(/^critical$/, 'error')
  const level = LEVELS.find((one) => one === word)
  if (level !== undefined) return level
  throw new UsageError(
    `Invalid --logging-level: got ${show(loggingLevel)}, expected ${LEVELS.join(', ')}.${suggestion(word, LEVELS)}`,
  )
}

/** @throws CommandError. */
export async function writePid(path: string, { host }: CommandContext): Promise<void> {
  try {
    await writeFile(resolve(host.folder, path), String(host.pid))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`The file of --pid cannot be written: ${why}`, EXIT.failure, { cause })
  }
}
