import { type Command, callOf, type Positional } from './command.ts'
import type { Flag } from './flags.ts'
import { wrapped } from './output/wrapped.ts'
import { SHARED_FLAGS } from './shared-options.ts'

type Row = readonly [term: string, text: string]
type Described = Pick<Flag, 'choices' | 'defaultDescription' | 'demandOption' | 'describe'> & { isRepeatable?: boolean }

/** Terms longer than this have their text on the next line. */
const WIDEST_TERM = 26
const GAP = '  '

/** Help about the program. `columns`: where lines are wrapped. */
export function programHelp(program: string, commands: readonly Command[], columns: number): string {
  return blocks([
    `Usage: ${program} <command> [options]`,
    'Job queues on Redis, compatible with Python RQ.',
    section(
      'Commands',
      commands.map((command): Row => [callOf(command), command.summary]),
      columns,
    ),
    section('Options of all commands', flagRows(SHARED_FLAGS), columns),
    examples(program, [
      ['worker high default', 'Run a worker for two queues'],
      ['enqueue path.to.func abc', "Enqueue the call func('abc')"],
      ['help <command>', 'Show the options and examples of a command'],
      ['help RQ_CONFIG', 'Show what an error code means and what to do'],
    ]),
    wrapped('Exit codes: 0 done, 1 failure, 2 wrong usage, 3 Redis cannot be reached, 4 no such job.', columns).join(
      '\n',
    ),
  ])
}

/** Help about one command. */
export function commandHelp(program: string, command: Command, columns: number): string {
  const { flags, positionals, quietLetter, summary } = command
  const shared = quietLetter === null ? SHARED_FLAGS : { ...SHARED_FLAGS, quiet: { ...SHARED_FLAGS.quiet, alias: 'q' } }
  return blocks([
    `Usage: ${program} ${callOf(command)} [options]`,
    summary,
    section('Arguments', Object.entries(positionals).map(positionalRow), columns),
    section('Options', flagRows(flags), columns),
    takesTime(flags) ? '<time> is seconds, or 100ms, 30s, 5m, 1h30m, 2d.' : '',
    section('Options of all commands', flagRows(shared), columns),
    examples(program, command.examples),
  ])
}

function takesTime(flags: Command['flags']): boolean {
  return Object.values(flags).some(({ valueName }) => valueName === 'time')
}

function blocks(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n\n')
}

function section(title: string, rows: readonly Row[], columns: number): string {
  if (rows.length === 0) return ''
  const width = Math.max(...rows.map(([term]) => term.length).filter((length) => length <= WIDEST_TERM))
  const indent = ' '.repeat(2 * GAP.length + width)
  const lines = rows.flatMap(([term, text]) => {
    const [first = '', ...rest] = wrapped(text, columns - indent.length)
    const head = term.length > width ? [GAP + term, indent + first] : [GAP + term.padEnd(width) + GAP + first]
    return [...head, ...rest.map((line) => indent + line)]
  })
  return [`${title}:`, ...lines].join('\n')
}

function positionalRow([name, positional]: [string, Positional]): Row {
  return [name, described(positional)]
}

function flagRows(flags: Readonly<Record<string, Flag>>): Row[] {
  return Object.entries(flags).map(([name, flag]) => {
    const letter = flag.alias === undefined ? '    ' : `-${String(flag.alias)}, `
    return [`${letter}--${name}${placeholder(flag)}`, described({ ...flag, isRepeatable: flag.array === true })]
  })
}

function placeholder({ requiresArg, type, valueName = 'text' }: Flag): string {
  if (type === 'boolean') return ''
  return requiresArg === true ? ` <${valueName}>` : ` [${valueName}]`
}

/** What an argument or a flag is for, with what else is known of it in brackets. */
function described({
  choices,
  defaultDescription,
  demandOption,
  describe = '',
  isRepeatable = false,
}: Described): string {
  const notes: string[] = []
  if (demandOption === true) notes.push('required')
  if (isRepeatable) notes.push('repeatable')
  if (choices !== undefined) notes.push(choices.join(', '))
  if (defaultDescription !== undefined) notes.push(`default: ${defaultDescription}`)
  return notes.length === 0 ? describe : `${describe} (${notes.join('; ')})`
}

/** Each call on a line of its own below what it does, so that it can be copied. */
function examples(program: string, given: Command['examples']): string {
  return ['Examples:', ...given.map(([call, what]) => `${GAP}# ${what}\n${GAP}${program} ${call}`)].join('\n')
}
