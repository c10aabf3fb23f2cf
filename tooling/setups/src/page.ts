import type { Group } from './setup.ts'
import type { Outcome } from './site.ts'

/** The outcomes of a whole run, as a page of the documentation. */
export function page(groups: readonly Group[], outcomes: readonly Outcome[]): string {
  const tables = groups.map(({ title, setups }) => {
    const rows = outcomes.filter(({ setup }) => setups.includes(setup)).map(row)
    return `## ${title}\n\n| set-up | what | result |\n|---|---|---|\n${rows.join('\n')}\n`
  })
  return `# Tested set-ups

<!-- Written by \`pnpm setups --all\`. -->

Each row is a fresh folder in which the packages are installed as they will be published, on Node.js ${process.versions.node} and
Linux unless the row names another one. There a program enqueues a job and \`rq-cli worker\` runs it, or a compiler checks a
program. Where a row is **refused**, rq cannot work, and its message says what to do instead.

${tables.join('\n')}`
}

function row({ setup, result, text }: Outcome): string {
  const outcome = result === 'refused' ? `**refused**: \`${text.replaceAll('|', '\\|')}\`` : 'works'
  return `| ${setup.name} | ${setup.what} | ${outcome} |`
}
