import { readFileSync } from 'node:fs'
import type { Snippet } from './snippets.ts'

/** The cells of a row. A bar in code is written `\|`. */
function cellsOf(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))
}

/** Whether it is TypeScript: a call, an assignment, or an option such as `ttl: 60`; not a command, a name or a path. */
function isCode(code: string): boolean {
  return !/^(?:rq-cli|redis-cli|--)/.test(code) && /[(=]|^\w+: /.test(code)
}

/**
 * The TypeScript in the columns `rq` of a page's tables, each piece as a function of its own. An option is given to
 * `enqueue`. `fragments.d.ts` has the names that it takes for granted.
 */
export function tableCodeOf(page: string): Snippet[] {
  const snippets: Snippet[] = []
  let column = -1
  for (const [at, row] of readFileSync(page, 'utf8').split('\n').entries()) {
    if (!row.startsWith('|')) column = -1
    else if (column === -1) column = cellsOf(row).indexOf('rq')
    else {
      for (const [, code = ''] of (cellsOf(row)[column] ?? '').matchAll(/`([^`]+)`/g)) {
        if (!isCode(code)) continue
        const statement = /^\w+: /.test(code) ? `await queue.enqueue(f, [1, 2], { ${code} })` : code
        const file = `row-${at + 1}-${snippets.length}.ts`
        snippets.push({ file, line: at + 1, code: `export async function row() {\n${statement}\n}\n` })
      }
    }
  }
  return snippets
}
