import type { Setup } from '../setup.ts'
import { COMMONJS_JOBS, JOBS } from './programs.ts'

/** A test in the words of the runner: it runs a job in its own process. */
const body = (assertion: string) => `
  const queue = new Queue('default', { isAsync: false })
  const job = await queue.enqueue(ref('./jobs/sums#add'), [20, 22])
  const sum = await job.result()
  await queue.close()
  ${assertion}
  console.log(job.id)
`

const VITEST: Setup = {
  name: 'Vitest 4',
  what: 'isAsync: false',
  install: ['vitest@4'],
  async run(project) {
    const text = `import { expect, it } from 'vitest'
import { Queue } from 'rq'
import { add } from './jobs/sums.js'
it('adds', async () => {${body('expect(sum).toBe(42)').replace("ref('./jobs/sums#add')", 'add')}})`
    await project.write({ ...JOBS, 'a.test.js': text })
    await project.exec('vitest', 'run')
  },
}

const NODE_TEST: Setup = {
  name: 'node:test',
  what: 'isAsync: false',
  quick: true,
  async run(project) {
    const text = `import assert from 'node:assert'
import { it } from 'node:test'
import { Queue } from 'rq'
import { add } from './jobs/sums.js'
it('adds', async () => {${body('assert.equal(sum, 42)').replace("ref('./jobs/sums#add')", 'add')}})`
    await project.write({ ...JOBS, 'a.test.js': text })
    await project.exec('node', '--test')
  },
}

const JEST: Setup = {
  name: 'Jest 30, CommonJS (its default)',
  what: 'enqueue(ref(...)), then a worker',
  install: ['jest@30'],
  quick: true,
  async run(project) {
    const text = `const { Queue, ref, Retry, RqError } = require('rq')
it('enqueues', async () => {
  const queue = new Queue()
  const job = await queue.enqueue(ref('./jobs/sums#add'), [20, 22], { retry: new Retry({ max: 1 }) })
  await expect(queue.enqueue('a.b', [], { retry: 'x' })).rejects.toThrow(RqError)
  require('fs').writeFileSync('id', job.id)
  await queue.close()
})`
    await project.write({ ...COMMONJS_JOBS, 'a.test.js': text })
    await project.exec('jest')
    await project.work()
    await project.expectResult(await project.exec('cat', 'id'), 42)
  },
}

const JEST_ESM: Setup = {
  name: 'Jest 30, ES modules',
  what: '--experimental-vm-modules, enqueue(ref(...))',
  install: ['jest@30'],
  async run(project) {
    const text = `import { writeFileSync } from 'node:fs'
import { Queue, ref } from 'rq'
it('enqueues', async () => {
  const queue = new Queue()
  writeFileSync('id', (await queue.enqueue(ref('./jobs/sums#add'), [20, 22])).id)
  await queue.close()
})`
    await project.write({ ...JOBS, 'a.test.js': text })
    await project.exec('node', '--experimental-vm-modules', 'node_modules/jest/bin/jest.js')
    await project.work()
    await project.expectResult(await project.exec('cat', 'id'), 42)
  },
}

export const TEST_RUNNERS: readonly Setup[] = [NODE_TEST, VITEST, JEST, JEST_ESM]
