import { visible } from './terminal-text.ts'

const GAP = '  '

/** Rows in aligned columns. Every cell is made safe for a terminal; the last column is cut at `columns`. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], columns: number): string[] {
  const safe = [header, ...rows].map((row) => row.map(visible))
  const widths = header.map((_, column) => Math.max(...safe.map((row) => [...(row[column] ?? '')].length)))
  return safe.map((row) => {
    const cells = row.map((cell, column) => pad(cell, widths[column] ?? 0))
    return cut(cells.join(GAP).trimEnd(), columns)
  })
}

/** Names and values, one below the other, values aligned. A value of several lines stands indented below its name. */
export function facts(pairs: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => name.length))
  return pairs
    .map(([name, value]) =>
      value.includes('\n') ? `${name}\n${indent(value)}` : `${name.padEnd(width)}${GAP}${value}`.trimEnd(),
    )
    .join('\n')
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ')
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...text].length))
}

function cut(text: string, columns: number): string {
  const characters = [...text]
  return characters.length > columns ? `${characters.slice(0, Math.max(1, columns - 1)).join('')}…` : text
}
