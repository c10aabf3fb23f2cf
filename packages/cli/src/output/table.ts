import stringWidth from 'string-width'
import { visible } from './terminal-text.ts'

const GAP = '  '

/** How much of a cell is looked at, in UTF-16 units: to measure a text takes long when the text is long. */
const LONGEST_CELL = 1000
/** The widest that columns of a terminal are, but for the last one: an id fits into the first. */
const WIDEST_FIRST = 36
const WIDEST = 20
/** What the last column gets before others are that wide. */
const ROOM_FOR_LAST = 20
/** Columns between the first and the last are not made narrower than this for it. */
const NARROWEST = 10

interface TableOptions {
  /** How narrow the first column may become for the last one. Default: 36, an id stays whole. */
  readonly narrowestFirst?: number
}

/**
 * Rows in aligned columns. Every cell is made safe for a terminal. With a limit on `columns`, cells and lines that are
 * too long are cut, and wide columns become narrower to leave room for the last one; without a limit, only what has
 * more than 1000 characters is cut.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
  { narrowestFirst = WIDEST_FIRST }: TableOptions = {},
): string[] {
  const last = header.length - 1
  const widest = (column: number): number => {
    if (column === last || columns === Number.POSITIVE_INFINITY) return columns
    return column === 0 ? WIDEST_FIRST : WIDEST
  }
  const safe = [header, ...rows].map((row) => row.map((cell, column) => cut(visible(shortened(cell)), widest(column))))
  const wanted = header.map((_, column) => safe.reduce((most, row) => Math.max(most, widthOf(row[column] ?? '')), 0))
  const widths = narrowed(wanted, columns - GAP.length * last, narrowestFirst)
  return safe.map((row) => {
    const cells = row.map((cell, column) =>
      padded(column === last ? cell : cut(cell, widths[column] ?? 0), widths[column] ?? 0),
    )
    return cut(cells.join(GAP).trimEnd(), columns)
  })
}

/** The widths with the widest made narrower, one by one, until the last column has its room or all are narrow. */
function narrowed(wanted: readonly number[], room: number, narrowestFirst: number): number[] {
  const widths = [...wanted]
  const last = widths.length - 1
  const spare = (column: number) => (widths[column] ?? 0) - (column === 0 ? narrowestFirst : NARROWEST)
  const rest = Math.min(wanted[last] ?? 0, ROOM_FOR_LAST)
  let tooMany = widths.slice(0, last).reduce((sum, width) => sum + width, rest) - room
  while (tooMany > 0) {
    const able = widths.slice(0, last).flatMap((width, column) => (spare(column) > 0 ? [{ column, width }] : []))
    const [widest] = able.sort((a, b) => b.width - a.width)
    if (widest === undefined) break
    widths[widest.column] = widest.width - 1
    tooMany--
  }
  return widths
}

/** Names and values, one per line, values aligned. A value of several lines is indented below its name. */
export function facts(pairs: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => name.length))
  return pairs
    .map(([name, value]) =>
      value.includes('\n') ? `${name}\n${indent(value)}` : `${name.padEnd(width)}${GAP}${value}`.trimEnd(),
    )
    .join('\n')
}

/** The text with spaces up to `width` columns of a terminal, of which a wide character takes two. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ')
}

const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The start of a text that is very long, with an ellipsis. Splits no pair of surrogates. */
function shortened(text: string): string {
  if (text.length <= LONGEST_CELL) return text
  return `${text.slice(0, LONGEST_CELL).replace(/[\ud800-\udbff]$/, '')}…`
}

/** The text in at most `columns` columns; a cut text ends with an ellipsis. */
function cut(text: string, columns: number): string {
  if (text.length <= columns && ONE_COLUMN_EACH.test(text)) return text
  let width = 0
  let fitting = 0
  for (const { index, segment } of CHARACTERS.segment(text)) {
    // As long as there is room for an ellipsis.
    if (width < columns) fitting = index
    width += widthOf(segment)
    if (width > columns) return `${text.slice(0, fitting)}…`
  }
  return text
}

const ONE_COLUMN_EACH = /^[ -~]*$/

/** How many columns of a terminal a text takes. A list may have 100,000 rows, most of them in ASCII. */
function widthOf(text: string): number {
  return ONE_COLUMN_EACH.test(text) ? text.length : stringWidth(text)
}
