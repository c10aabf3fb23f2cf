import stringWidth from 'string-width'
import { visible } from './terminal-text.ts'

const GAP = '  '

/** Rows in aligned columns. Every cell is made safe for a terminal; the last column is cut at `columns`. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], columns: number): string[] {
  const safe = [header, ...rows].map((row) => row.map(visible))
  const widths = header.map((_, column) => Math.max(...safe.map((row) => stringWidth(row[column] ?? ''))))
  return safe.map((row) => {
    const cells = row.map((cell, column) => padded(cell, widths[column] ?? 0))
    return cut(cells.join(GAP).trimEnd(), columns)
  })
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
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)))
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ')
}

const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The text in at most `columns` columns; a cut text ends with an ellipsis. */
function cut(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text
  let kept = ''
  let width = 1
  for (const { segment } of CHARACTERS.segment(text)) {
    width += stringWidth(segment)
    if (width > columns) break
    kept += segment
  }
  return `${kept}…`
}
