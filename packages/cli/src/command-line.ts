import { maskUserInfo } from '@rq/core'
import type { Argv } from 'yargs'
import type { Command } from './command.ts'
import { COMMANDS } from './commands.ts'
import { completionsOf } from './completion.ts'
import { EXIT, type ExitCode, exitCodeOf, isForeseen } from './exit-code.ts'
import type { Host } from './host.ts'
import { Output } from './output/output.ts'
import { resolveSettings, type SharedOptions } from './settings.ts'
import { sharedOptions } from './shared-options.ts'
import { usageError } from './usage-error.ts'

const NAME = 'rq-cli'
const WIDEST = 100
/** The first word where a shell asks how a line could go on. */
const COMPLETE = '--get-yargs-completions'

interface Chosen {
  readonly command: Command
  readonly options: SharedOptions
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
    const { command, options } = parsed
    isVerbose = options.verbose
    output = new Output({ ...streams, colours: colours && options.color, quiet: options.quiet })
    const settings = await resolveSettings(options, host)
    return (await command.run(options, { host, output, settings })) ?? EXIT.done
  } catch (error) {
    report(error, output, isVerbose)
    return exitCodeOf(error)
  }
}

/** The stack of an error that was foreseen helps nobody; that of another only those who look for its cause. */
function report(error: unknown, output: Output, isVerbose: boolean): void {
  const message = maskUserInfo(error instanceof Error ? error.message : String(error))
  if (isVerbose && error instanceof Error) {
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      output.error(`${at === error ? '' : 'caused by '}${maskUserInfo(at.stack ?? at.message)}`)
    }
  } else if (isForeseen(error)) output.error(message)
  else output.error(`Unexpected: ${message} (--verbose shows where)`)
}

/** The chosen command with its options, or a text that was asked for: help, version, completion. */
async function parse(args: readonly string[], host: Host): Promise<Chosen | string> {
  const { default: yargs } = await import('yargs')
  let begun: Command | undefined
  let chosen: Chosen | undefined
  const parser: Argv<SharedOptions> = sharedOptions(yargs([]))
    .scriptName(NAME)
    .locale('en')
    .parserConfiguration({
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'greedy-arrays': false,
    })
    .usage('$0 <command> [options]\n\nJob queues on Redis, compatible with Python RQ.')
    .wrap(Math.min(host.stdout.columns || WIDEST, WIDEST))
    .version(host.version)
    // As a name, 'help' would also stand for itself as the last argument: `enqueue path.to.func help`.
    .help('h', 'Show help, as --help does')
    .example('$0 worker high default', 'Work off two queues, the first one first')
    .example('$0 enqueue path.to.func abc', "Enqueue the call func('abc')")
    .example('$0 <command> --help', 'Options and examples of one command')
    .epilogue('Exit codes: 0 done, 1 failure, 2 wrong usage, 3 Redis cannot be reached, 4 no such job.')
    .strictCommands()
    .demandCommand(1)
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      if (error !== undefined && error !== null && error.name !== 'YError') throw error
      throw usageError(message ?? error?.message ?? 'The command line cannot be read.', {
        commands: COMMANDS.map((one) => one.name),
        options: optionsOf(parser),
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
        return configure(command, one as Argv<SharedOptions>)
      },
      (options) => {
        chosen = { command, options: options as unknown as SharedOptions }
      },
    )
  }
  let shown = ''
  await parser.parseAsync(prepared(args), {}, (_error: unknown, _options: unknown, text: string) => {
    shown = text
  })
  if (chosen !== undefined) return chosen
  return args[0] === COMPLETE ? completionsOf(shown) : shown
}

function configure(command: Command, yargs: Argv<SharedOptions>): Argv<unknown> {
  const positional = [...(command.positional ?? '').matchAll(/\w+/g)].map(([name]) => name)
  const known = new Set([...optionsOf(yargs), ...positional])
  const configured = command.options(command.quietLetter === null ? yargs : yargs.alias('quiet', 'q'))
  // Named here, the command's own options stand before the shared ones.
  configured.group(
    optionsOf(configured).filter((name) => !known.has(name)),
    'Options:',
  )
  for (const [call, what] of command.examples) configured.example(`$0 ${call}`, what)
  return command.takesAnyText === true ? configured.strictOptions() : configured.strict()
}

/** The words as yargs and the command want them. */
function prepared(given: readonly string[]): string[] {
  const end = given.includes('--') ? given.indexOf('--') : given.length
  const args = given.map((word, index) => (word === '--help' && index < end ? '-h' : word))
  for (const [index, word] of args.entries()) {
    const command = COMMANDS.find(({ name }) => name === word)
    if (command === undefined) continue
    const rest = args.slice(index + 1)
    return [...args.slice(0, index + 1), ...(command.prepare?.(rest) ?? rest)]
  }
  return [...args]
}

function callOf({ name, positional }: Command): string {
  return positional === undefined ? name : `${name} ${positional}`
}

/** The names of all options that yargs knows at this point. */
function optionsOf(yargs: Argv<unknown>): string[] {
  const { key = {} } = (yargs as unknown as { getOptions?(): { key?: object } }).getOptions?.() ?? {}
  return Object.keys(key).filter((name) => name.length > 1)
}
