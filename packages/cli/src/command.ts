import type { ArgumentsCamelCase, InferredOptionType, PositionalOptions } from 'yargs'
import type { ExitCode } from './exit-code.ts'
import type { Flag } from './flags.ts'
import type { Host } from './host.ts'
import type { Output } from './output/output.ts'
import type { Settings, SharedOptions } from './settings.ts'

/** What a command works with. */
export interface CommandContext {
  readonly host: Host
  readonly output: Output
  readonly settings: Settings
}

/** A positional argument. The types of yargs lack `defaultDescription`, which only help reads. */
export type Positional = PositionalOptions & { readonly defaultDescription?: string }

type Positionals = Readonly<Record<string, Positional>>
type Flags = Readonly<Record<string, Flag>>
type Values<O extends Positionals | Flags> = { [Name in keyof O]: InferredOptionType<O[Name]> }

export interface CommandDefinition<P extends Positionals, F extends Flags> {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** The call without the name of the program, and what it does. */
  readonly examples: readonly (readonly [call: string, what: string])[]
  /** Positional arguments, in order. */
  readonly positionals: P
  readonly flags: F
  /** The letter of `--quiet`. Default `q`; null if another flag of the command has it. */
  readonly quietLetter?: null
  /** Change the words before they are parsed. */
  prepare?(args: readonly string[]): readonly string[]
  /** Run the command. The exit code is 0 unless it returns another one. */
  run(
    flags: ArgumentsCamelCase<SharedOptions & Values<P> & Values<F>>,
    context: CommandContext,
  ): Promise<ExitCode | undefined>
}

/** A command, whatever its flags are. */
export type Command = Omit<CommandDefinition<Positionals, Flags>, 'run'> & {
  run(flags: unknown, context: CommandContext): Promise<ExitCode | undefined>
}

/** A command whose `run` gets the values of its own flags, checked by the compiler. */
export function defineCommand<const P extends Positionals, const F extends Flags>(
  definition: CommandDefinition<P, F>,
): Command {
  return definition as unknown as Command
}

/** How the command is called: `enqueue <function> [arguments..]`. */
export function callOf({ name, positionals }: Command): string {
  const words = Object.entries(positionals).map(([word, { array, demandOption }]) => {
    const several = array === true ? `${word}..` : word
    return demandOption === true ? `<${several}>` : `[${several}]`
  })
  return [name, ...words].join(' ')
}
