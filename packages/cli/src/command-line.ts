import { RqError } from '@rq/core'
import type { Argv } from 'yargs'
import { COMMANDS } from './commands.ts'
import type { Command } from './command.ts'
import { EXIT, type ExitCode, exitCodeOf, isForeseen, UsageError } from './exit-code.ts'
import type { Host } from './host.ts'
import { Output } from './output.ts'
import { resolveSettings, type SharedOptions } from './settings.ts'
import { sharedOptions } from './shared-options.ts'
import { suggestion } from './suggestion.ts'

const NAME = 'rq-cli'
const WIDEST = 100

interface Chosen {
  readonly command: Command
  readonly options: SharedOptions
}

/** Either a command with its options, or text that was asked for: help, version, completion. */
type Parsed = { readonly chosen: Chosen } | { readonly text: string }

/** Run the command that `args` name, in `host`. Never throws, and never ends the process. */
export async function runCommandLine(args: readonly string[], host: Host): Promise<ExitCode> {
  let output = new Output({ stdout: host.stdout, stderr: host.stderr, colours: wantsColours(args, host), quiet: false })
  let isVerbose = args.includes('--verbose')
  try {
    const parsed = await parse(args, host)
    if ('text' in parsed) {
      output.print(parsed.text)
      return EXIT.done
    }
    const { command, options } = parsed.chosen
    isVerbose = options.verbose
    output = new Output({
      stdout: host.stdout,
      stderr: host.stderr,
      colours: options.color && wantsColours(args, host),
      quiet: options.quiet,
    })
    const settings = await resolveSettings(options, host)
    return (await command.run(options, { host, output, settings })) ?? EXIT.done
  } catch (error) {
    report(error, output, isVerbose)
    return exitCodeOf(error)
  }
}

/** The stack of an error that was foreseen helps nobody; of one that was not, only those who look for the cause. */
export function report(error: unknown, output: Output, isVerbose: boolean): void {
  const message = error instanceof Error ? error.message : String(error)
  if (isVerbose && error instanceof Error) {
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      output.error(`${at === error ? '' : 'caused by '}${at.stack ?? at.message}`)
    }
    return
  }
  if (isForeseen(error)) output.error(message)
  else output.error(`Unexpected: ${message}. With --verbose you see where.`)
  if (error instanceof UsageError) output.log(`${NAME} --help shows what there is.`)
}

async function parse(args: readonly string[], host: Host): Promise<Parsed> {
  const { default: yargs } = await import('yargs')
  let chosen: Chosen | undefined
  const parser = sharedOptions(yargs([]))
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
    .help()
    .alias('help', 'h')
    .completion('completion', 'Print a completion script for bash or zsh')
    .example('$0 worker high default', 'Work off two queues, the first one first')
    .example('$0 enqueue path.to.func abc', "Enqueue a call: func('abc')")
    .example('$0 <command> --help', 'Options and examples of one command')
    .epilogue('Exit codes: 0 done, 1 failure, 2 wrong usage, 3 Redis cannot be reached, 4 no such job.')
    .strictCommands()
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      throw error === undefined || error === null || error.name === 'YError' ? usageError(message ?? error?.message ?? '', command) : error
    })
  let command: Command | undefined
  for (const one of COMMANDS) {
    parser.command(
      [one.name, one.positional].filter((part) => part !== undefined).join(' '),
      one.summary,
      (yargs: Argv) => {
        command = one
        return configure(one, yargs as Argv<SharedOptions>)
      },
      (options) => {
        chosen = { command: one, options: lastOfEach(options, one) as unknown as SharedOptions }
      },
    )
  }
  let text = ''
  await parser.parseAsync(prepared(args), {}, (_error: unknown, _options: unknown, shown: string) => {
    text = shown
  })
  if (text !== '') return { text }
  if (chosen !== undefined) return { chosen }
  if (args.length === 0) throw new UsageError(`A command is missing.\n\n${await parser.getHelp()}`)
  throw new UsageError('A command is missing.')
}

function configure(command: Command, yargs: Argv<SharedOptions>): Argv<unknown> {
  const common = command.quietLetter === null ? yargs : yargs.alias('quiet', 'q')
  const configured = command.options(common)
  for (const [call, what] of command.examples) configured.example(`$0 ${call}`, what)
  return command.takesAnyText === true ? configured.strictOptions() : configured.strict()
}
