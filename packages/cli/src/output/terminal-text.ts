/**
 * Characters that must not reach a terminal: C0 and C1 controls, DEL, marks that change the direction of writing, line
 * and paragraph separators, and halves of surrogate pairs.
 */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff\p{Cs}]/gu
const UNSAFE_IN_BLOCK = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff\p{Cs}]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Text from Redis or from a user, made safe for one line on a terminal: every control character becomes an escape
 * (`\x1b`, `\u202e`), so that stored text cannot clear the screen, forge lines or change the reading direction.
 */
export function visible(text: string): string {
  return text.replace(UNSAFE, escapeOf)
}

/** As {@link visible}, for text of several lines, such as a stack: line feeds stay, tabs become spaces. */
export function visibleBlock(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\t', '    ').replace(UNSAFE_IN_BLOCK, escapeOf)
}

/** JSON that parses to the same value, in which the characters that {@link visible} escapes are escaped as in JSON. */
export function visibleJson(json: string): string {
  return json.replace(UNSAFE_IN_BLOCK, (character) => `\\u${hex(character, 4)}`)
}

/** As {@link visibleBlock}, but keeps the colours of {@link Paint}. The last step before a terminal. */
export function fenced(text: string): string {
  return text
    .split(OUR_COLOURS)
    .map((part, index) => (index % 2 === 0 ? visibleBlock(part) : part))
    .join('')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of our own colours are meant
const OUR_COLOURS = /(\x1b\[(?:[12]|22|3[1-6]|39)m)/

function escapeOf(character: string): string {
  const short = SHORT[character]
  if (short !== undefined) return short
  const code = character.codePointAt(0) ?? 0
  return code > 0xff ? `\\u${hex(character, 4)}` : `\\x${hex(character, 2)}`
}

function hex(character: string, digits: number): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(digits, '0')
}
