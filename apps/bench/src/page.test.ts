import { describe, expect, it } from 'vitest'
import { fillPage } from './page.ts'
import { Collection } from './results.ts'
import type { Run } from './run.ts'
import { judge } from './verdict.ts'

const block = (name: string, text: string) => `<!-- bench ${name} -->\n${text}<!-- end -->\n`
const PAGE = `# By hand\n${block('settings', 'old\n')}more by hand\n${block('figures', '')}${block('targets', '')}${block('more', '')}the end\n`

function runOf(): Run {
  const collection = new Collection('rq')
  for (const [round, rate] of [400, 500, 600].entries()) {
    collection.add('process-50', 'rq', round, { figures: { rate } })
    collection.add('process-50', 'bullmq', round, { figures: { rate: 100 } })
  }
  const results = collection.results()
  const targets = judge(results, {}, 'rq')
  return {
    settings: ['Node'],
    load: [0.1, 2],
    rounds: 3,
    minutes: 7,
    what: {},
    results,
    others: {},
    targets,
    commands: {},
  }
}

describe('fillPage', () => {
  it('writes its blocks, and leaves what is written by hand', () => {
    const filled = fillPage(PAGE, runOf())
    expect(filled).toContain('# By hand\n')
    expect(filled).toContain('more by hand\n')
    expect(filled).not.toContain('old')
    expect(filled).toContain('- Node\n- Rounds: 3, in 7 minutes. Load before each, and at the end: 0.1, 2.0\n')
    expect(filled).toContain('|  | rq | bullmq | ours : bullmq |\n')
    expect(filled).toContain('| process 50 at a time, /s | 500 | 100 | 5.00 (4.00 to 6.00) |\n')
    expect(filled).toContain('| process 50 at a time : bullmq | >= 4.00 x | 5.00 | 4.00 to 6.00 |  | met |\n')
    expect(fillPage(filled, runOf())).toBe(filled)
  })

  it('reads a run that was written as JSON, also with figures that are nothing', () => {
    const collection = new Collection('rq')
    for (const name of ['rq', 'bullmq']) collection.add('process-50', name, 0, { figures: { rate: 1, childUs: 0 } })
    const results = collection.results()
    expect(JSON.parse(JSON.stringify(results))).toEqual(results)
    expect(results['process-50']?.bullmq?.childUs?.ours).toBeUndefined()
  })

  it('refuses a page without a block', () => {
    expect(() => fillPage('# nothing', runOf())).toThrow(/no block from <!-- bench settings -->/)
  })
})
