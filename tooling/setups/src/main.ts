/** `pnpm setups [--all] [words]`: see the README. */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { page } from './page.ts'
import { GROUPS, SETUPS } from './rows/index.ts'
import { type Outcome, Site } from './site.ts'

const { values, positionals } = parseArgs({ options: { all: { type: 'boolean' } }, allowPositionals: true })
const words = positionals.map((word) => word.toLowerCase())
const wanted = SETUPS.filter(({ name, quick }) => {
  if (words.length > 0) return words.some((word) => name.toLowerCase().includes(word))
  return values.all === true || quick === true
})

const print = (line: string) => process.stdout.write(`${line}\n`)
const outcomes: Outcome[] = []
await using site = await Site.open()
for (const setup of wanted) {
  const outcome = await site.try(setup)
  outcomes.push(outcome)
  print(`${outcome.result.padEnd(8)} ${setup.name.padEnd(48)} ${setup.what}`)
  if (!outcome.isRight) print(outcome.text || 'It passed, and was expected to be refused.')
}
const wrong = outcomes.filter(({ isRight }) => !isRight).length
print(`${outcomes.length - wrong} as promised, ${wrong} not`)
if (values.all === true && words.length === 0 && wrong === 0) {
  await writeFile(new URL('../../../docs/setups.md', import.meta.url), page(GROUPS, outcomes))
}
process.exitCode = wrong === 0 && outcomes.length > 0 ? 0 : 1
