import type { Outcome } from './site.ts'

/** The table of a whole run, as a page of the documentation. */
export function page(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ result, setup, text }) => {
    const note = result === 'refused' ? `: \`${text.replaceAll('|', '\\|')}\`` : ''
    return `| ${setup.name} | ${setup.what} | ${result}${note} |`
  })
  return `# Set-ups

<!-- Written by \`pnpm setups --all\`. -->

Each row installs the packages as they are published in a fresh folder and runs a job there, or compiles a program. A row that is
refused cannot work; rq says what to do. The worker is \`rq-cli worker\` on Node.js unless the row says otherwise. Run on Node.js
${process.versions.node}.

| set-up | what | result |
|---|---|---|
${rows.join('\n')}
`
}
