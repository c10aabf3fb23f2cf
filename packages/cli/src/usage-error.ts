import { suggestion } from '@rq/core'
import { UsageError } from './exit-code.ts'

/** The words that the user may have meant. */
export interface KnownWords {
  readonly commands: readonly string[]
  readonly options: readonly string[]
  /** How the chosen command is called: `rq-cli enqueue <function> [arguments..]`. */
  readonly call: string | undefined
  /** The words of the command line. */
  readonly given: readonly string[]
}

type Rule = readonly [pattern: RegExp, (found: readonly string[], known: KnownWords) => string]

/**
 * yargs reports errors as sentences only. It is pinned to one version in pnpm-workspace.yaml, and `wrong usage` in
 * command-line.test.ts has a command line for each of these sentences, so that a change of them fails there.
 */
const RULES: readonly Rule[] = [
  [
    /^Unknown commands?: (.*)$/s,
    ([words = ''], { commands, call }) => {
      const word = words.split(', ')[0] ?? ''
      if (call !== undefined) return `Unexpected argument '${word}'. Usage: ${call}`
      return unknownCommand(word, commands)
    },
  ],
  [/^Unknown arguments?: (.*)$/s, ([words = ''], known) => unknownOption(words.split(', ')[0] ?? '', known)],
  [/^Not enough arguments following: (.*)$/s, ([option = '']) => `${dashed(option)} needs a value.`],
  [/^Missing required arguments?: (.*)$/s, ([option = '']) => `${dashed(option.split(', ')[0] ?? '')} is missing.`],
  [/^Not enough non-option arguments/, (_, known) => missingArgument(known)],
  [
    /Argument: (.*?), Given: (.*), Choices: (.*)$/s,
    ([option = '', given = '', choices = ''], { call = '' }) => {
      const known = [...choices.matchAll(/"(.*?)"/g)].map(([, choice = '']) => choice)
      const meant = suggestion(given.replaceAll('"', ''), known)
      const name = call.includes(`[${option}]`) ? option : dashed(option)
      return `Invalid ${name}: got ${given}, expected ${known.join(', ')}.${meant}`
    },
  ],
]

/** Words that other queues and systems have for what a command does. */
const MEANT: Readonly<Record<string, string>> = {
  add: 'enqueue',
  clean: 'delete --status <status>',
  clear: 'empty',
  config: 'configure',
  dashboard: 'info --interval 1s',
  dev: 'worker --watch',
  drain: 'worker --burst',
  failed: 'jobs --status failed',
  flush: 'empty',
  keep: 'configure',
  kill: 'stop <id>',
  list: 'jobs',
  logs: 'job <id>',
  ls: 'jobs',
  pause: 'suspend',
  ping: 'info',
  prune: 'delete --status <status>',
  purge: 'empty',
  push: 'enqueue',
  queues: 'info --only-queues',
  remove: 'delete <id>',
  retry: 'requeue',
  rm: 'delete <id>',
  run: 'enqueue --wait',
  show: 'job <id>',
  start: 'worker',
  stats: 'info',
  status: 'info',
  unpause: 'resume',
  watch: 'worker --watch',
  workers: 'info --only-workers',
}

/** The message for a command that does not exist, with the one that was probably meant. */
export function unknownCommand(word: string, commands: readonly string[]): string {
  const meant = Object.hasOwn(MEANT, word) ? ` Did you mean 'rq-cli ${MEANT[word]}'?` : suggestion(word, commands)
  return `Unknown command '${word}'.${meant} rq-cli --help shows all.`
}

/** An error of yargs as ours: what is wrong, what was expected, and which word was probably meant. */
export function usageError(message: string, known: KnownWords): UsageError {
  for (const [pattern, say] of RULES) {
    const found = pattern.exec(message)
    if (found !== null) return new UsageError(say(found.slice(1), known))
  }
  return new UsageError(message)
}

function unknownOption(word: string, { options, call, given }: KnownWords): string {
  // yargs names an option without its dashes, in the sentence that it has for arguments too.
  if (!given.some((one) => one.startsWith('-') && one.replace(/^-+/, '').startsWith(word))) {
    return `Unexpected argument '${word}'. Usage: ${call}`
  }
  return `Unknown option ${dashed(word)}.${suggestion(word, options).replace(/'(.*)'/, "'--$1'")}`
}

function missingArgument(known: KnownWords): string {
  if (known.call !== undefined) return `An argument is missing. Usage: ${known.call}`
  const option = known.given.find((word) => word.startsWith('-'))?.replace(/^-+|=.*$/g, '')
  return option === undefined || option.length === 1 || known.options.includes(option)
    ? 'A command is missing. rq-cli --help shows them.'
    : unknownOption(option, known)
}

const dashed = (option: string): string => (option.length === 1 ? `-${option}` : `--${option}`)
