import { readFile } from 'node:fs/promises'
import { deferred } from '@rq/core'
import { eventually } from '@rq/testkit'
import { beforeAll, describe, expect, test } from 'vitest'
import { CliFixture } from './cli-fixture.ts'

/** Ends when the test says so: an inline worker runs it in this process. */
const JOBS = `
export const add = (x, y) => x + y
export const held = async (x, y) => { await globalThis.rqCliTestGate; return x + y }
export const fails = () => { throw new RangeError('too far') }
`

/** The documents that are promised, by the command line that writes them. */
let documented: ReadonlyMap<string, Record<string, unknown>>

beforeAll(async () => {
  const page = await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
  const blocks = page.matchAll(/^### `rq-cli (\w+)[^`]*`\n[^#]*?```json\n(.*?)```/gms)
  documented = new Map([...blocks].map(([, command = '', json = '']) => [command, JSON.parse(json)]))
})

/** Values of jobs, which may be anything. */
const FREE = new Set(['args', 'kwargs', 'meta', 'returnValue', 'result'])

/** Every field by its path with the type of its value; `null` goes with every type. */
function fieldsOf(value: unknown, path = ''): Map<string, string> {
  if (FREE.has(path.split('.').at(-1) ?? '')) return new Map([[path, 'any']])
  if (Array.isArray(value))
    return new Map([[path, 'array'], ...(value.length > 0 ? fieldsOf(value[0], `${path}[]`) : [])])
  if (typeof value !== 'object' || value === null) return new Map([[path, value === null ? 'null' : typeof value]])
  return new Map(Object.entries(value).flatMap(([key, one]) => [...fieldsOf(one, `${path}.${key}`)]))
}

function expectShape(actual: unknown, promised: unknown): void {
  const [found, wanted] = [fieldsOf(actual), fieldsOf(promised)]
  expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort())
  for (const [path, type] of found) {
    if (type !== 'null' && wanted.get(path) !== 'null') expect([path, type]).toEqual([path, wanted.get(path)])
  }
}

describe('the documents of --json', () => {
  test('have the fields of docs/cli.md, and no others', async () => {
    await using cli = await CliFixture.open({ files: { 'jobs.mjs': JOBS } })
    const gate = deferred<void>()
    Object.assign(globalThis, { rqCliTestGate: gate.promise })
    const json = async (...args: string[]) => JSON.parse((await cli.run([...args, '--json'])).out)
    const [info, job, more, list] = ['info', 'enqueue', 'job', 'jobs'].map((name) => documented.get(name))

    await cli.enqueued('./jobs#add', '%1', '%2', '--job-id', 'zero')
    await cli.burst()
    expectShape(await json('enqueue', './jobs#held', '%1', '%2', '--job-id', 'one', '--depends-on', 'zero'), job)
    await cli.enqueued('./jobs#add', '--job-id', 'two', '--depends-on', 'one')
    const worker = cli.worker(['default', 'low'], 'w1', {
      functions: { sendMail: () => {} },
      canClaim: (queue) => queue !== 'low',
    })
    const working = worker.work()
    try {
      await eventually(async () => (await json('job', 'one')).status === 'started')
      const running = await json('job', 'one')
      await eventually(async () => expectShape(await json('info'), info))
      const { jobs, ...total } = await json('jobs')
      expectShape({ ...total, jobs: [] }, list)
      for (const one of jobs) expectShape(one, job)

      gate.resolve()
      await eventually(async () => (await json('job', 'one')).status === 'finished')
      const { results } = await json('job', 'one')
      expectShape({ ...running, results }, { ...job, ...more })
      expectShape(await json('enqueue', './jobs#add', '--wait'), { ...job, result: null })
      expectShape(await json('enqueue', './jobs#fails', '--wait'), { ...job, error: 'a stack' })
    } finally {
      gate.resolve()
      await worker.stop()
      await working
    }
  })
})
