import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CommandError, UsageError } from '../exit-code.ts'

/** How an argument is read. */
type ArgumentMode = 'text' | 'json' | 'literal'

/** One argument of `enqueue`, split, but not read yet. */
export interface SplitArgument {
  readonly keyword: string | undefined
  readonly mode: ArgumentMode
  readonly value: string
}

/** The arguments of the call that `enqueue` stores. */
export interface CallArguments {
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
}

const MODES: Readonly<Record<string, ArgumentMode>> = { ':': 'json', '%': 'literal' }
/** The fewest digits that a number may not be able to hold. */
const LONG_INTEGER = /\d{16}/
const MODE_WORDS: Readonly<Record<ArgumentMode, string>> = { text: 'text', json: 'JSON', literal: 'a literal' }

/**
 * The grammar of RQ's command line:
 *
 * |            | plain text  | JSON         | literal      |
 * |------------|-------------|--------------|--------------|
 * | keyword    | `key=value` | `key:=value` | `key%=value` |
 * | no keyword | `value`     | `:value`     | `%value`     |
 *
 * The mark of the mode comes directly before the first `=`; `=x` is plain text. A whole JSON object or array is a value
 * even if it contains a `=`.
 */
export function splitArgument(argument: string): SplitArgument {
  const positionalMode = MODES[argument[0] ?? '']
  if (positionalMode !== undefined) return { keyword: undefined, mode: positionalMode, value: argument.slice(1) }
  const equals = argument.indexOf('=')
  if (equals < 1 || jsonContainer(argument) !== undefined) {
    return { keyword: undefined, mode: 'text', value: argument }
  }
  const value = argument.slice(equals + 1)
  const mode = MODES[argument[equals - 1] ?? '']
  return mode === undefined
    ? { keyword: argument.slice(0, equals), mode: 'text', value }
    : { keyword: argument.slice(0, equals - 1), mode, value }
}

/**
 * Read the arguments of `enqueue`. Files (`@path`) are relative to `folder`.
 * @throws UsageError naming the argument, for bad JSON, a bad literal, or a keyword given twice;
 * CommandError for a file that cannot be read.
 */
export async function readArguments(given: readonly string[], folder: string): Promise<CallArguments> {
  const args: unknown[] = []
  const kwargs = new Map<string, unknown>()
  for (const argument of given) {
    const split = splitArgument(argument)
    const name = split.keyword === undefined ? `argument ${args.length + 1}` : `keyword '${split.keyword}'`
    if (split.keyword !== undefined && kwargs.has(split.keyword)) throw new UsageError(`The ${name} is given twice.`)
    const value = await readValue(split, name, folder)
    if (split.keyword === undefined) args.push(value)
    else kwargs.set(split.keyword, value)
  }
  return { args, kwargs: Object.fromEntries(kwargs) }
}

async function readValue({ value, mode }: SplitArgument, name: string, folder: string): Promise<unknown> {
  const isFile = value.startsWith('@')
  const text = isFile ? await readFileOf(value.slice(1), name, folder) : value
  try {
    if (mode === 'json') return await readJson(text)
    if (mode === 'literal') return (await import('./literal.ts')).readLiteral(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const what = isFile ? `the file ${value.slice(1)} of ${name}` : name
    throw new UsageError(`Unable to parse ${what} as ${MODE_WORDS[mode]}: ${why}.`)
  }
  return isFile || jsonContainer(text) === undefined ? text : readJson(text)
}

/** Read JSON. An integer that a number cannot hold becomes a BigInt, as it does in stored values. */
async function readJson(text: string): Promise<unknown> {
  const value: unknown = JSON.parse(text)
  if (!LONG_INTEGER.test(text)) return value
  const { jsonSerializer } = await import('rq')
  return jsonSerializer.loads(text)
}

async function readFileOf(path: string, name: string, folder: string): Promise<string> {
  try {
    return await readFile(resolve(folder, path), 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : String(code)
    throw new CommandError(
      `Cannot read the file '${path}' of ${name}: ${why}. To pass a string that begins with @, write it as JSON: ':"@..."'.`,
      undefined,
      { cause },
    )
  }
}

/** The value of a string that is a whole JSON object or array, else undefined. */
function jsonContainer(text: string): object | undefined {
  if (!/^\s*(?:\{.*\}|\[.*\])\s*$/s.test(text)) return undefined
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}
