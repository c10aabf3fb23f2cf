import { suggestion } from '@rq/core'
import { UsageError } from './exit-code.ts'

/**
 * What the page about errors says of a code, as plain text; of `errors` the list of all codes.
 * @throws UsageError for a code that the page does not have.
 */
export function errorHelp(page: string, word: string): string {
  const sections = sectionsOf(page)
  const codes = [...sections.keys()]
  if (word === 'errors') return ['rq-cli help <code> says more of an error.', '', ...codes].join('\n')
  const code = word.toUpperCase()
  const text = sections.get(code)
  if (text !== undefined) return `${code}\n\n${plain(text)}`
  throw new UsageError(`There is no error code ${word}.${suggestion(code, codes)} rq-cli help errors lists all.`)
}

/** The text below each heading of a code, up to the next heading. */
function sectionsOf(page: string): Map<string, string> {
  const parts = page.split(/^#{2,3} /m).filter((part) => part.startsWith('RQ_'))
  return new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n'))]))
}

/** Markdown without its links and the marks of code, which a terminal does not need. */
function plain(markdown: string): string {
  return markdown
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/^```\w*\n/gm, '')
    .replaceAll('`', '')
    .trim()
}
