import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Logger } from '@rq/core'
import type { CommandContext } from './command.ts'
import { CommandError, EXIT, UsageError } from './exit-code.ts'
import { createLogger, type LogLevel } from './log.ts'
import { text } from './option-value.ts'
import { unknownLetter } from './time-text.ts'

/** The flags of whatever runs until it is stopped. */
export const SERVICE_FLAGS = {
  pid: text({ describe: 'File to write the process id to' }),
  'log-format': text({ choices: ['text', 'json'], default: 'text', describe: 'Log lines for people or programs' }),
  'date-format': text({ default: '%H:%M:%S', describe: 'Time of log lines, as strftime' }),
} as const

export interface ServiceFlags {
  readonly pid?: string | undefined
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
export function loggerOf({ quiet, verbose, logFormat, dateFormat }: ServiceFlags, { output }: CommandContext): Logger {
  const letter = unknownLetter(dateFormat)
  if (letter !== undefined) throw new UsageError(`Invalid --date-format: %${letter} is not known.`)
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

/** @throws CommandError. */
export async function writePid(path: string, { host }: CommandContext): Promise<void> {
  try {
    await writeFile(resolve(host.folder, path), String(host.pid))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`The file of --pid cannot be written: ${why}`, EXIT.failure, { cause })
  }
}
