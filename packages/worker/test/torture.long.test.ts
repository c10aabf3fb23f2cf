import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { fixture } from './fixture.ts'

const JOBS = 400

/** Notes each beginning, then ends in one of many ways. */
const NOTED = `
import { appendFileSync } from 'node:fs'
export const run = async (file, id, kind, ms) => {
  appendFileSync(file, id + '\\n')
  if (kind === 'spin') for (const end = performance.now() + ms; performance.now() < end; );
  if (kind === 'wait') await new Promise((resolve) => setTimeout(resolve, ms))
  if (kind === 'exit') process.exit(ms % 2)
  if (kind === 'never') await new Promise(() => {})
  if (kind === 'forever') for (;;);
  return id
}`

/** Mostly short jobs, so that many are handed ahead, with slow and deadly ones among them. */
function kindOf(n: number): { kind: string; ends: 'finished' | 'failed' } {
  if (n % 97 === 40) return { kind: 'never', ends: 'failed' }
  if (n % 97 === 80) return { kind: 'forever', ends: 'failed' }
  if (n % 41 === 20) return { kind: 'exit', ends: 'failed' }
  if (n % 29 === 10) return { kind: 'spin', ends: 'finished' }
  if (n % 31 === 15) return { kind: 'wait', ends: 'finished' }
  return { kind: 'short', ends: 'finished' }
}

describe.each(['process', 'thread'] as const)('%s horses, ended, held up and stopped all the time', (horse) => {
  test('each job begins once and is settled once', async () => {
    await using ctx = await fixture({ 'noted.js': NOTED })
    const { store, project } = ctx
    const file = project.path('runs')
    const jobs = Array.from({ length: JOBS }, (_, n) => ({ id: `j${n}`, ...kindOf(n) }))
    jobs.forEach(({ id, kind }, n) => {
      store.enqueue('./noted#run', {
        id,
        args: [file, id, kind, (n * 37) % 1300],
        timeoutS: kind === 'never' || kind === 'forever' ? 1 : 60,
      })
    })
    const isOver = () => jobs.every(({ id, ends }) => store.status(id) === ends)
    while (!isOver()) {
      const worker = ctx.worker({ horse, concurrency: 4 })
      const before = store.settlements.length
      const stopAfterAWhile = () => {
        if (store.settlements.length > before + JOBS / 4) void worker.stop()
      }
      worker.on('job:finished', stopAfterAWhile)
      await worker.work({ burst: true })
      expect(store.settlements.length).toBeGreaterThan(before)
    }
    const begun = (await readFile(file, 'utf8')).trim().split('\n')
    expect(begun.sort()).toEqual(jobs.map(({ id }) => id).sort())
    expect(store.settlements).toHaveLength(JOBS)
  })
})
