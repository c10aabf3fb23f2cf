import { UsageError } from './exit-code.ts'
import { suggestion } from './suggestion.ts'

/** What yargs knows of the words that could have been meant. */
export interface KnownWords {
  readonly commands: readonly string[]
  readonly options: readonly string[]
  /** The call of the command that was chosen: `enqueue <function> [arguments..]`. */
  readonly call: string | undefined
}

type Rule = readonly [pattern: RegExp, (found: readonly string[], known: KnownWords) => string]

const RULES: readonly Rule[] = [
  [
    /^Unknown commands?: (.*)$/s,
    ([words = ''], { commands }) => {
      const word = words.split(', ')[0] ?? ''
      return `Unknown command '${word}'.${suggestion(word, commands)}`
    },
  ],
  [
    /^Unknown arguments?: (.*)$/s,
    ([words = ''], { options, call }) => {
      const word = words.split(', ')[0] ?? ''
      const meant = suggestion(word, options).replace(/'(.*)'/, "'--$1'")
      return meant === ''
        ? `Unknown option or argument '${word}'. Usage: ${call}`
        : `Unknown option '--${word}'.${meant}`
    },
  ],
  [/^Not enough arguments following: (.*)$/s, ([option = '']) => `${dashed(option)} needs a value.`],
  [/^Missing required arguments?: (.*)$/s, ([option = '']) => `${dashed(option.split(', ')[0] ?? '')} is missing.`],
  [
    /^Not enough non-option arguments/,
    (_, { call }) => (call === undefined ? 'A command is missing.' : `An argument is missing. Usage: ${call}`),
  ],
  [
    /Argument: (.*?), Given: (.*), Choices: (.*)$/s,
    ([option = '', given = '', choices = '']) => {
      const known = [...choices.matchAll(/"(.*?)"/g)].map(([, choice = '']) => choice)
      const meant = suggestion(given.replaceAll('"', ''), known)
      return `Invalid ${dashed(option)}: got ${given}, expected ${known.join(', ')}.${meant}`
    },
  ],
]

/** A complaint of yargs in our words: what is wrong, what would be right, what was perhaps meant. */
export function usageError(message: string, known: KnownWords): UsageError {
  for (const [pattern, say] of RULES) {
    const found = pattern.exec(message)
    if (found !== null) return new UsageError(say(found.slice(1), known))
  }
  return new UsageError(message)
}

const dashed = (option: string): string => (option.length === 1 ? `-${option}` : `--${option}`)
