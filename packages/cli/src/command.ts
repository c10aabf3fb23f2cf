import type { ArgumentsCamelCase, Argv } from 'yargs'
import type { ExitCode } from './exit-code.ts'
import type { Host } from './host.ts'
import type { Output } from './output/output.ts'
import type { Settings, SharedOptions } from './settings.ts'

/** What a command works with. */
export interface CommandContext {
  readonly host: Host
  readonly output: Output
  readonly settings: Settings
}

export interface CommandDefinition<Options> {
  readonly name: string
  /** Positional arguments in the notation of yargs: `<id> [queues..]`. */
  readonly positional?: string
  /** One line for the list of commands. */
  readonly summary: string
  readonly examples: readonly (readonly [call: string, what: string])[]
  /** True where words that are no options may begin with anything, so that they may stand behind `--`. */
  readonly takesAnyText?: boolean
  /** The letter of `--quiet`. Default `q`; null where the command has another `-q`. */
  readonly quietLetter?: null
  /** Change the words before they are parsed. */
  prepare?(args: readonly string[]): readonly string[]
  options(yargs: Argv<SharedOptions>): Argv<Options>
  /** Do it. Errors are thrown; the exit code of nothing is 0. */
  run(options: ArgumentsCamelCase<Options>, context: CommandContext): Promise<ExitCode | undefined>
}

/** A command, whatever its options are. */
export type Command = Omit<CommandDefinition<unknown>, 'options' | 'run'> & {
  options(yargs: Argv<SharedOptions>): Argv<unknown>
  run(options: unknown, context: CommandContext): Promise<ExitCode | undefined>
}

/** Options and what is done with them, checked against each other; from outside all commands look alike. */
export function defineCommand<Options>(definition: CommandDefinition<Options>): Command {
  return definition as unknown as Command
}
