import { escapeOf, oneLine } from '@rq/core'

/** As `oneLine` of @rq/core, for text from Redis or from a user on one line of a terminal. */
export const visible = oneLine

/** The longest name that rq gives. */
const LONGEST_NAME = 200

/** A name as {@link visible}; a longer one than rq gives is cut. */
export function visibleName(name: string): string {
  return visible(name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name)
}

/** What is unsafe on a terminal, as for one line, but for line feeds. */
const UNSAFE_IN_BLOCK = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff\p{Cs}]/gu

/** As {@link oneLine}, for text of several lines, such as a stack: line feeds stay, tabs become spaces. */
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

function hex(character: string, digits: number): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(digits, '0')
}
