import { readFileSync } from 'node:fs'
import type { Snippet } from './snippets.ts'

/** A row of a table that has a column `rq`. */
export interface TableRow {
  /** The heading above its table. */
  readonly heading: string
  /** Its first cell, without the marks of code. */
  readonly name: string
  /** Its line in the page. */
  readonly line: number
  /** The pieces of code in its first cell. */
  readonly before: readonly string[]
  /** The TypeScript in its column `rq`. An option is given to `enqueue`. */
  readonly code: readonly string[]
  /** The command lines of `rq-cli` in its column `rq`. */
  readonly commands: readonly string[]
}

/** The cells of a row. A bar in code is written `\|`. */
function cellsOf(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))
}

function piecesOf(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, piece = '']) => piece)
}

/** Whether it is TypeScript: a call, an assignment, or an option such as `ttl: 60`; not a command, a name or a path. */
function isCode(code: string): boolean {
  return !/^(?:rq-cli|redis-cli|--)/.test(code) && /[(=]|^\w+: /.test(code)
}

function statementOf(code: string): string {
  return /^\w+: /.test(code) ? `await queue.enqueue(f, [1, 2], { ${code} })` : code
}

/** The rows of all tables of a page that have a column `rq`. */
export function rowsOf(page: string): TableRow[] {
  const rows: TableRow[] = []
  let column = -1
  let heading = ''
  for (const [at, line] of readFileSync(page, 'utf8').split('\n').entries()) {
    heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading
    if (!line.startsWith('|')) column = -1
    else if (column === -1) column = cellsOf(line).indexOf('rq')
    else if (!/^[|-]+$/.test(line)) {
      const cells = cellsOf(line)
      const [name = ''] = cells
      const pieces = piecesOf(cells[column] ?? '')
      rows.push({
        heading,
        name: name.replaceAll('`', ''),
        line: at + 1,
        before: piecesOf(name),
        code: pieces.filter(isCode).map(statementOf),
        commands: pieces.filter((piece) => piece.startsWith('rq-cli ')),
      })
    }
  }
  return rows
}

/**
 * The TypeScript in the columns `rq` of a page's tables, each piece as a function of its own. `fragments.d.ts` has the
 * names that it takes for granted.
 */
export function tableCodeOf(page: string): Snippet[] {
  return rowsOf(page).flatMap(({ code, line }) =>
    code.map((statement, index) => ({
      file: `row-${line}-${index}.ts`,
      line,
      code: `export async function row() {\n${statement}\n}\n`,
    })),
  )
}
