import { readFile } from 'node:fs/promises'
import { eventually } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { type Fixture, fixture } from './fixture.ts'
import { nextEvent, running } from './running.ts'

const CHECKS = `
import { appendFileSync } from 'node:fs'
const note = (text) => appendFileSync(new URL('./notes', import.meta.url), text + '\\n')
export const notWorthIt = (error) => { note('asked about ' + error.code); return false }
export const later = async () => '1h'
export const exits = () => process.exit(3)
export const spins = () => { for (;;); }
export const fail = () => { throw Object.assign(new Error('out of quota'), { code: 'QUOTA', status: 429 }) }
export const tell = (job, connection, type, error) => note('told: ' + error.message)
`
const files = { 'checks.js': CHECKS }
const notesOf = ({ project }: Fixture) => readFile(project.path('notes'), 'utf8')
const resultOf = ({ store }: Fixture, id: string) =>
  store.settlements.filter(({ jobId }) => jobId === id).at(-1)?.result ?? expect.fail('no result')
const TELL = { name: './checks#tell', timeoutS: 60, when: 'last' } as const

describe.each(['process', 'thread', 'inline'] as const)('the check of a retry in %s horses', (horse) => {
  test('decides where the job ran', async () => {
    await using ctx = await fixture(files)
    const { store } = ctx
    const record = { retriesLeft: 2, retryMax: 2, onFailure: TELL }
    const id = store.enqueue('./checks#fail', { ...record, retryOn: './checks#notWorthIt' })
    const later = store.enqueue('./checks#fail', { ...record, retryOn: './checks#later' })
    await ctx.worker({ horse }).work({ burst: true })
    expect([store.status(id), store.status(later)]).toEqual(['failed', 'scheduled'])
    expect(store.records.get(id)).toMatchObject({ retriesLeft: 2 })
    expect(store.settlements.find(({ jobId }) => jobId === later)?.delayMs).toBe(3_600_000)
    expect(await notesOf(ctx)).toBe('asked about QUOTA\ntold: out of quota\n')
    const { remote } = resultOf(ctx, id)
    expect(JSON.parse(remote ?? '{}')).toMatchObject({ code: 'QUOTA', details: { status: 429 } })
  })
})

describe('a horse that is lost in the check of a retry', () => {
  test('leaves the error of the attempt, and the job is tried again', async () => {
    await using ctx = await fixture(files)
    const { store } = ctx
    const id = store.enqueue('./checks#fail', { retriesLeft: 1, retryMax: 1, retryOn: './checks#exits' })
    await ctx.worker().work({ burst: true })
    expect(store.settlements.map(({ to, result }) => [to, result?.type])).toEqual([
      ['queued', 'retried'],
      ['failed', 'failed'],
    ])
    const [first] = store.settlements
    expect(first?.result?.excString).toMatch(
      /^The work-horse ended during the function that decides about its retry \(exit code 3\), after:\nError: out of/,
    )
    expect(store.latest(id)?.excString).toMatch(/^Error: out of quota/)
  })

  test('calls the failure callback that waits for no last attempt in another horse', async () => {
    await using ctx = await fixture(files)
    const { store } = ctx
    const onFailure = { name: './checks#tell', timeoutS: 60 }
    store.enqueue('./checks#fail', { retriesLeft: 1, retryMax: 1, retryOn: './checks#exits', onFailure })
    await ctx.worker().work({ burst: true })
    expect(await notesOf(ctx)).toBe('told: out of quota\ntold: out of quota\n')
  })
})

test('a codec encodes what a failed attempt leaves, in the message about its check too', async () => {
  await using ctx = await fixture(
    {
      ...files,
      'codec.js': `import { aesCodec } from '@rq/serializer'
export const codec = aesCodec({ keys: { k: new Uint8Array(32).fill(7) }, active: 'k' })`,
    },
    { packages: ['@rq/serializer'] },
  )
  const { store } = ctx
  const id = store.enqueue('./checks#fail', { retriesLeft: 1, retryMax: 1, retryOn: './checks#exits' })
  await ctx.worker({ codec: ctx.project.url('codec.js').concat('#codec') }).work({ burst: true })
  for (const { result } of store.settlements) {
    expect(result?.excString).toContain('rq-codec:aes:')
    expect(result?.excString).not.toContain('out of quota')
  }
  expect(resultOf(ctx, id).remote).toMatch(/^rq-codec:aes:/)
})

test('a job that is killed at its time limit is tried again without being asked about', async () => {
  await using ctx = await fixture(files)
  const { store } = ctx
  const id = store.enqueue('./jobs#spin', {
    timeoutS: 1,
    retriesLeft: 1,
    retryMax: 1,
    retryIntervalsS: [60],
    retryOn: './checks#notWorthIt',
    onFailure: TELL,
  })
  const worker = ctx.worker()
  const retried = nextEvent(worker, 'job:retried')
  await using _ = running(worker)
  await retried
  await eventually(() => store.status(id) === 'scheduled')
  await expect(notesOf(ctx)).rejects.toThrow()
})
