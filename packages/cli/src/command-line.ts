import { type ErrorCode, maskUserInfo, RqError } from '@rq/core'
import type { Argv } from 'yargs'
import { type Command, callOf } from './command.ts'
import { COMMANDS } from './commands.ts'
import { completionsOf } from './completion.ts'
import { errorHelp } from './error-help.ts'
import { EXIT, type ExitCode, exitCodeOf, isForeseen, UsageError } from './exit-code.ts'
import { commandHelp, programHelp } from './help.ts'
import type { Host } from './host.ts'
import { Output } from './output/output.ts'
import { visible } from './output/terminal-text.ts'
import { checkPaths, resolveSettings, type SharedOptions } from './settings.ts'
import { SHARED_FLAGS } from './shared-options.ts'
import { unknownCommand, usageError } from './usage-error.ts'

const NAME = 'rq-cli'
const WIDEST = 100
/** The first word of a shell that asks how a line could continue. */
const COMPLETE = '--get-yargs-completions'
/** Before each word behind `--`. No argument of a program can hold this character. */
const MARK = '\0'
/** In the place of `--`. Ends an option that lacks its value, and has no effect else. */
const END_OF_FLAGS = '--version=false'

interface Chosen {
  readonly command: Command
  readonly flags: SharedOptions
}

/** Run the command that `args` name, in `host`. Never throws, and never ends the process. */
export async function runCommandLine(args: readonly string[], host: Host): Promise<ExitCode> {
  const colours = !host.env.NO_COLOR && host.env.TERM !== 'dumb' && !args.includes('--no-color')
  const streams = { stdout: host.stdout, stderr: host.stderr }
  let output = new Output({ ...streams, colours, quiet: false })
  let isVerbose = args.includes('--verbose')
  try {
    const parsed = await parse(args, host)
    if (typeof parsed === 'string') {
      output.print(parsed)
      return EXIT.done
    }
    const { command, flags } = parsed
    isVerbose = flags.verbose === true
    if (isVerbose && flags.quiet === true) throw new UsageError('--verbose and --quiet cannot be used together.')
    output = new Output({ ...streams, colours: colours && flags.color !== false, quiet: flags.quiet === true })
    await checkPaths(flags, host)
    const settings = await resolveSettings(flags, host)
    return (await command.run(flags, { host, output, settings })) ?? EXIT.done
  } catch (error) {
    report(error, output, isVerbose)
    return exitCodeOf(error)
  }
}

/** Write an error as one line; with `--verbose` as its stack, followed by those of its causes. */
function report(error: unknown, output: Output, isVerbose: boolean): void {
  const message = maskUserInfo(error instanceof Error ? error.message : String(error))
  if (isVerbose && error instanceof Error) {
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      output.error(`${at === error ? '' : 'caused by '}${maskUserInfo(at.stack ?? at.message)}`)
    }
  } else if (isForeseen(error)) output.error(visible(message) + whereMore(error))
  else output.error(`Unexpected error: ${visible(message)} (--verbose shows the stack)`)
}

/** Errors whose message says all; so do those of wrong usage, and of what does not exist. */
const PLAIN: ReadonlySet<string> = new Set<ErrorCode>(['RQ_DUPLICATE_JOB', 'RQ_TIMEOUT'])

/** Where more is said of an error. */
function whereMore(error: unknown): string {
  const exitCode = exitCodeOf(error)
  if (!(error instanceof RqError) || exitCode === EXIT.usage || exitCode === EXIT.notFound) return ''
  if (PLAIN.has(error.code)) return ''
  return ` (See: ${NAME} help ${error.code})`
}

/** The chosen command with its flags, or the text that the words ask for: help, version, completions. */
async function parse(args: readonly string[], host: Host): Promise<Chosen | string> {
  const asked = await infoFor(args, host)
  if (asked !== undefined) return asked
  const { default: yargs } = await import('yargs')
  let begun: Command | undefined
  let chosen: Chosen | undefined
  const parser: Argv<object> = yargs([])
    // Built in, 'help' would also be a command as the last argument: `enqueue path.to.func help`.
    .help(false)
    .version(false)
    .options(SHARED_FLAGS)
    .scriptName(NAME)
    .locale('en')
    .parserConfiguration({
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'greedy-arrays': false,
    })
    .strictCommands()
    .demandCommand(1)
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      if (error !== undefined && error !== null && error.name !== 'YError') throw error
      throw usageError(unmarked(message ?? error?.message ?? 'Cannot read the command line.'), {
        commands: COMMANDS.map((one) => one.name),
        options: Object.keys({ ...SHARED_FLAGS, ...begun?.flags }),
        call: begun === undefined ? undefined : `${NAME} ${callOf(begun)}`,
        given: args,
      })
    })
  for (const command of COMMANDS) {
    parser.command(
      callOf(command),
      command.summary,
      (one) => {
        begun = command
        return configure(command, one)
      },
      (flags) => {
        chosen = { command, flags: flags as unknown as SharedOptions }
      },
    )
  }
  let shown = ''
  await parser.parseAsync(prepared(args), {}, (_error: unknown, _flags: unknown, text: string) => {
    shown = text
  })
  if (chosen === undefined) return completionsOf(shown)
  // Among other letters: `-vh`.
  return chosen.flags.help === true ? helpFor(chosen.command, host) : chosen
}

/** Help or the version, where a flag asks for one of them. */
async function infoFor(args: readonly string[], host: Host): Promise<string | undefined> {
  const words = args.slice(0, endOfFlags(args))
  if (words[0] === COMPLETE) return undefined
  if (args.length === 0) return helpFor(undefined, host)
  if (words[0] === 'help') return helpOf(words[1], host)
  if (words.includes('--version')) return host.version
  if (!words.includes('--help') && !words.includes('-h')) return undefined
  const command = words.find(isCommand)
  return helpFor(
    COMMANDS.find(({ name }) => name === command),
    host,
  )
}

/** What `rq-cli help [command or code]` shows. @throws UsageError for one that does not exist. */
async function helpOf(name: string | undefined, host: Host): Promise<string> {
  if (name === undefined || name.startsWith('-') || name === 'help') return helpFor(undefined, host)
  if (name === 'errors' || /^rq_/i.test(name)) return errorHelp(await host.errorsPage(), name)
  const command = COMMANDS.find((one) => one.name === name)
  if (command === undefined)
    throw new UsageError(
      unknownCommand(
        name,
        COMMANDS.map((one) => one.name),
      ),
    )
  return helpFor(command, host)
}

function helpFor(command: Command | undefined, { stdout }: Host): string {
  const columns = Math.min(stdout.columns || WIDEST, WIDEST)
  return command === undefined ? programHelp(NAME, COMMANDS, columns) : commandHelp(NAME, command, columns)
}

function isCommand(word: string): boolean {
  return COMMANDS.some(({ name }) => name === word)
}

function configure(command: Command, yargs: Argv<object>): Argv<object> {
  for (const [name, positional] of Object.entries(command.positionals)) {
    yargs.positional(name, { ...positional, coerce: unmarkedValue })
  }
  if (command.quietLetter !== null) yargs.alias('quiet', 'q')
  yargs.options(command.flags)
  return yargs.strict()
}

/** The words, changed as the command wants; those behind `--` marked. */
function prepared(given: readonly string[]): string[] {
  const at = given.findIndex(isCommand)
  const before = given.slice(0, at === -1 ? given.length : at)
  if (before.includes('--')) throw new UsageError(`A command is missing before --. ${NAME} --help shows them.`)
  if (before.some((word) => /^-[a-z]*q/i.test(word))) {
    throw new UsageError('-q before the command could mean --quiet or --queue. Write out which.')
  }
  const rest = given.slice(at + 1)
  const words = COMMANDS.find(({ name }) => name === given[at])?.prepare?.(rest) ?? rest
  return [...given.slice(0, at + 1), ...(given[0] === COMPLETE ? words : withMarks(words))]
}

/**
 * Mark the words behind `--`, so that yargs takes each for a positional argument. By itself it leaves them out of the
 * positional arguments, and accepts any number of them.
 */
function withMarks(words: readonly string[]): readonly string[] {
  const end = endOfFlags(words)
  if (end === words.length) return words
  return [...words.slice(0, end), END_OF_FLAGS, ...words.slice(end + 1).map((word) => MARK + word)]
}

function unmarked(text: string): string {
  return text.replaceAll(MARK, '')
}

function unmarkedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarkedValue)
  return typeof value === 'string' ? unmarked(value) : value
}

function endOfFlags(words: readonly string[]): number {
  return words.includes('--') ? words.indexOf('--') : words.length
}
