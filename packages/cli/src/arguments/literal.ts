import { type Token as AcornToken, tokenizer, tokTypes } from 'acorn'

/** The types of acorn lack the value. */
type Token = AcornToken & { readonly value?: unknown }

/** Deeper than anyone types by hand: what is nested deeper is an attack or a mistake. */
const MOST_LEVELS = 100
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['None', null],
  ['null', null],
  ['undefined', undefined],
  ['True', true],
  ['true', true],
  ['False', false],
  ['false', false],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
])

/**
 * Read a Python or JavaScript literal. It is split into tokens by acorn and never evaluated. No library reads literals
 * of both languages.
 *
 * Python: `(1, 2)`, `(1,)`, `None`, `True`, `{'a': 1}`, `{1, 2}`. JavaScript: `[1, 2]`, `null`, `undefined`, `10n`,
 * `{ foo: true }`. A tuple is an array, `1, 2` is `[1, 2]`, a set is a `Set`. A literal that the two languages read
 * differently (`'\d'`, integers beyond 2^53) is refused.
 * @throws SyntaxError with what is wrong and where.
 */
export function readLiteral(text: string): unknown {
  const reader = new LiteralReader(text)
  return reader.readAll()
}

class LiteralReader {
  readonly #text: string
  readonly #tokens: { getToken(): AcornToken }
  #token: Token

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokenizer(text, { ecmaVersion: 2023, sourceType: 'module' })
    this.#token = this.#read()
  }

  readAll(): unknown {
    if (this.#is(tokTypes.eof)) throw new SyntaxError('it is empty')
    const first = this.#value(0)
    if (!this.#is(tokTypes.comma)) {
      this.#end()
      return first
    }
    const items = [first]
    while (this.#take(tokTypes.comma)) {
      if (this.#is(tokTypes.eof)) break
      items.push(this.#value(0))
    }
    this.#end()
    return items
  }

  #value(level: number): unknown {
    if (level > MOST_LEVELS) throw new SyntaxError(`it is nested more than ${MOST_LEVELS} levels deep`)
    const token = this.#token
    switch (token.type) {
      case tokTypes.bracketL:
        return this.#list(level, tokTypes.bracketR).items
      case tokTypes.parenL: {
        const { items, commas } = this.#list(level, tokTypes.parenR)
        return items.length === 1 && commas === 0 ? items[0] : items
      }
      case tokTypes.braceL:
        return this.#braces(level)
      case tokTypes.string:
        return this.#string()
      case tokTypes.num:
        return this.#number()
      case tokTypes.plusMin:
        return this.#signed()
      default:
        return this.#word()
    }
  }

  #list(level: number, end: Token['type']): { items: unknown[]; commas: number } {
    this.#next()
    const items: unknown[] = []
    let commas = 0
    while (!this.#take(end)) {
      if (items.length > commas) throw this.#unexpected()
      items.push(this.#value(level + 1))
      if (this.#take(tokTypes.comma)) commas++
    }
    return { items, commas }
  }

  /** An object, a dict, or a set. */
  #braces(level: number): unknown {
    this.#next()
    const object: Record<string, unknown> = {}
    if (this.#take(tokTypes.braceR)) return object
    const first = this.#keyOrItem(level)
    if (!this.#is(tokTypes.colon)) return this.#set(level, first.value)
    for (let key = first; ; key = this.#keyOrItem(level)) {
      if (!this.#is(tokTypes.colon) || key.name === undefined) throw this.#unexpected()
      this.#next()
      // Not an assignment: a key named __proto__ must stay a key.
      Object.defineProperty(object, key.name, {
        value: this.#value(level + 1),
        enumerable: true,
        configurable: true,
        writable: true,
      })
      if (this.#take(tokTypes.comma)) {
        if (this.#take(tokTypes.braceR)) return object
      } else if (this.#take(tokTypes.braceR)) return object
      else throw this.#unexpected()
    }
  }

  #set(level: number, first: unknown): Set<unknown> {
    const items = new Set([first])
    while (!this.#take(tokTypes.braceR)) {
      if (!this.#take(tokTypes.comma)) throw this.#unexpected()
      if (!this.#is(tokTypes.braceR)) items.add(this.#value(level + 1))
    }
    return items
  }

  /** A key of an object by its name, or an item of a set, depending on whether a colon follows. */
  #keyOrItem(level: number): { name: string | undefined; value: unknown } {
    const { type, value: word } = this.#token
    if (type === tokTypes.name || type.keyword !== undefined) {
      const { start, end } = this.#token
      const name = type === tokTypes.name ? String(word) : this.#text.slice(start, end)
      this.#next()
      if (this.#is(tokTypes.colon)) return { name, value: undefined }
      if (!WORDS.has(name)) throw notALiteral(name)
      return { name: undefined, value: WORDS.get(name) }
    }
    const value = this.#value(level + 1)
    const isKey = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    return { name: isKey ? String(value) : undefined, value }
  }

  #string(): string {
    const { start, end, value } = this.#token
    const doubtful = DOUBTFUL_ESCAPE.exec(this.#text.slice(start, end))?.[1]
    if (doubtful !== undefined) {
      throw new SyntaxError(
        `the escape \\${doubtful} means different things in Python and JavaScript; write \\\\${doubtful} for a backslash, \\u{...} for a character`,
      )
    }
    this.#next()
    return String(value)
  }

  #number(): number | bigint {
    const { start, end, value } = this.#token
    const digits = this.#text.slice(start, end)
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && !/[.e]/i.test(digits)) {
      throw new SyntaxError(`${digits} is larger than a number can hold exactly; write ${digits}n for a BigInt`)
    }
    this.#next()
    return value as number | bigint
  }

  #signed(): number | bigint {
    const isNegative = this.#token.value === '-'
    this.#next()
    if (!this.#is(tokTypes.num) && !NUMBER_WORDS.has(String(this.#token.value))) throw this.#unexpected()
    const value = this.#is(tokTypes.num) ? this.#number() : (this.#word() as number)
    return isNegative ? -value : value
  }

  #word(): unknown {
    const { type, start, end } = this.#token
    const word = this.#text.slice(start, end)
    if ((type !== tokTypes.name && type.keyword === undefined) || word === '') throw this.#unexpected()
    if (!WORDS.has(word)) throw notALiteral(word)
    this.#next()
    return WORDS.get(word)
  }

  #is(type: Token['type']): boolean {
    return this.#token.type === type
  }

  #take(type: Token['type']): boolean {
    if (!this.#is(type)) return false
    this.#next()
    return true
  }

  #next(): void {
    this.#token = this.#read()
  }

  #read(): Token {
    try {
      return this.#tokens.getToken()
    } catch (error) {
      // The tokenizer appends "(line:column)", which helps little in a single line.
      const message = error instanceof Error ? error.message.replace(/ \(\d+:\d+\)$/, '') : String(error)
      const at = (error as { pos?: unknown }).pos
      throw new SyntaxError(typeof at === 'number' ? `${message} at character ${at + 1}` : message)
    }
  }

  #end(): void {
    if (!this.#is(tokTypes.eof)) throw this.#unexpected()
  }

  #unexpected(): SyntaxError {
    const { start, end } = this.#token
    if (this.#is(tokTypes.eof)) return new SyntaxError('it ends too early')
    return new SyntaxError(`unexpected ${this.#text.slice(start, end)} at character ${start + 1}`)
  }
}

const NUMBER_WORDS: ReadonlySet<string> = new Set(['Infinity', 'NaN'])
/** An escape that the two languages read differently. `\u{...}`, which only one has, is allowed. */
const DOUBTFUL_ESCAPE = /^(?:[^\\]|\\[\\'"nrtbfvxu0\n\r])*\\([^\\'"nrtbfvxu0\n\r])/

function notALiteral(word: string): SyntaxError {
  return new SyntaxError(
    `${word} is not a literal; strings must be quoted, and the only words are None, True, False, null, true, false and undefined`,
  )
}
