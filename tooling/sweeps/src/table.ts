type Cell = string | number

/** Format rows as a Markdown table. */
export function table(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const all: readonly (readonly Cell[])[] = [heads, ...rows]
  const widths = heads.map((_, column) => Math.max(...all.map((row) => String(row[column]).length)))
  const line = (row: readonly Cell[]): string =>
    `| ${row.map((cell, column) => fill(cell, widths[column] ?? 0)).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [line(heads), rule, ...rows.map(line)].join('\n')
}

function fill(cell: Cell, width: number): string {
  return typeof cell === 'number' ? String(cell).padStart(width) : cell.padEnd(width)
}
