import { readFileSync } from 'node:fs'

/** A block of code of a page. */
export interface Snippet {
  /** The file that its first line names (`// jobs/mail.ts`), or one of its own. */
  readonly file: string
  /** Of its first line, in the page. */
  readonly line: number
  readonly code: string
}

const FENCE = /^(\s*)```(ts|tsx)( .*)?$/

/** The TypeScript of a page. A block that is marked ` ```ts no-check ` is left out. */
export function snippetsOf(page: string): Snippet[] {
  const lines = readFileSync(page, 'utf8').split('\n')
  const snippets: Snippet[] = []
  for (let at = 0; at < lines.length; at++) {
    const fence = FENCE.exec(lines[at] ?? '')
    if (fence === null) continue
    const [, indent = '', language, marks = ''] = fence
    const start = at + 1
    while (at + 1 < lines.length && lines[at + 1]?.trim() !== '```') at++
    if (marks.includes('no-check')) continue
    const code = lines.slice(start, at + 1).map((line) => line.slice(indent.length))
    const named = /^\/\/ ([\w./-]+\.tsx?)\b/.exec(code[0] ?? '')?.[1]
    snippets.push({ file: named ?? `block-${start + 1}.${language}`, line: start + 1, code: `${code.join('\n')}\n` })
  }
  return snippets
}
