import { readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { makeProject, redisFixture, spawnProcess, type TempDir } from '@rq/testkit'
import { Queue } from 'rq'
import { expect, test } from 'vitest'
import { run, start } from './program.ts'

/** The jobs of an application, in the text of a module of either kind. */
const definitions = (note: string) => `defineJobs(
  {
    greet: {
      input: { '~standard': { version: 1, vendor: 'test', validate: (value) =>
        typeof value === 'string' ? { value: value.toUpperCase() } : { issues: [{ message: 'expected a string' }] } } },
      queue: 'greetings',
      options: { description: 'a greeting' },
      run: (name, { job, services }) => services.hello + ' ' + name + ' from ' + job.origin,
    },
  },
  { setup: () => ({ hello: 'Hello' }), teardown: ({ hello }) => ${note} },
)`
const ESM = `
import { writeFileSync } from 'node:fs'
import { defineJobs } from 'rq'
export default ${definitions("writeFileSync('torn-down', hello)")}`
const COMMON_JS = `
const { writeFileSync } = require('node:fs')
const { defineJobs } = require('rq')
module.exports = ${definitions("writeFileSync('torn-down', hello)")}`
const TYPESCRIPT = `
import { writeFileSync } from 'node:fs'
import { defineJobs } from 'rq'
enum Place { File = 'torn-down' }
export default ${definitions('writeFileSync(Place.File as string, hello)')}`
/** Has the module at hand, so it checks inputs and knows the queue. */
const PRODUCER = (module: string) => `
import { jobsClient } from 'rq'
import jobs from './${module}'
const [connection, prefix] = process.argv.slice(2)
const client = jobsClient(jobs, { connection, prefix })
await client.greet.enqueue(7).catch((error) => console.log(error.code, error.message))
const job = await client.greet.enqueue('ada')
console.log(job.description + ':', await job.result({ timeout: 60 }))
await client.close()`

const FORMS = [
  ['an ES module', 'jobs.mjs', ESM, []],
  ['a CommonJS module', 'jobs.cjs', COMMON_JS, []],
  ['TypeScript, with tsx', 'jobs.ts', TYPESCRIPT, ['--import', 'tsx']],
] as const
const HORSES = ['process', 'thread', 'inline'] as const
const CASES = FORMS.flatMap((form) => HORSES.map((horse) => [horse, ...form] as const))

async function projectOf(files: Readonly<Record<string, string>>): Promise<TempDir> {
  const project = await makeProject(files, { packages: ['rq'] })
  const loader = createRequire(import.meta.resolve('@rq/testkit')).resolve('tsx/package.json')
  await symlink(dirname(loader), project.path('node_modules/tsx'), 'dir')
  return project
}

test.each(CASES)('worker --jobs, --horse %s, runs the jobs of %s', async (horse, _, module, text, flags) => {
  await using redis = await redisFixture()
  await using project = await projectOf({ [module]: text, 'producer.mjs': PRODUCER(module) })
  const options = { cwd: project.dir, env: { RQ_REDIS_URL: redis.url } }
  const args = ['worker', 'greetings', '--prefix', redis.prefix, '--jobs', `./${module}`, '--horse', horse, ...flags]
  await using worker = start(args, options)
  await worker.output(/started, listening on/)
  const typed = module.endsWith('.ts') ? ['--import', 'tsx'] : []
  await using producer = spawnProcess(process.execPath, [...typed, 'producer.mjs', redis.url, redis.prefix], {
    cwd: project.dir,
  })
  expect(await producer.exited).toMatchObject({
    stdout:
      'RQ_INPUT_INVALID The input of "greet" does not fit its schema: expected a string.\n' +
      'a greeting: Hello ADA from greetings\n',
    stderr: '',
  })
  worker.kill('SIGTERM')
  expect(await worker.exited).toMatchObject({ code: 0 })
  expect(await readFile(project.path('torn-down'), 'utf8')).toBe('Hello')
})

test('the jobs of rq.config.js are beside it, and --watch loads their module again', async () => {
  await using redis = await redisFixture()
  const files = { 'app/jobs.mjs': ESM, 'app/rq.config.mjs': "export const jobs = './jobs.mjs'" }
  await using project = await projectOf({ ...files, 'below/none.txt': '' })
  await using queue = new Queue('greetings', { connection: redis.url, prefix: redis.prefix })
  const options = { cwd: project.path('below'), env: { RQ_REDIS_URL: redis.url } }
  const config = project.path('app/rq.config.mjs')
  await using worker = start(['worker', 'greetings', '--watch', '--prefix', redis.prefix, '--config', config], options)
  await worker.output(/started, listening on/)
  const greet = async () => (await queue.enqueue('greet', ['ada'])).result({ timeout: 60 })
  expect(await greet()).toBe('Hello ADA from greetings')
  // In one step: the watcher must not see a half of it.
  await writeFile(project.path('app/next.tmp'), ESM.replace("'Hello'", "'Good morning'"))
  await rename(project.path('app/next.tmp'), project.path('app/jobs.mjs'))
  await worker.output(/jobs\.mjs changed: new work-horses run the next jobs/)
  expect(await greet()).toBe('Good morning ADA from greetings')
})

test('a worker and a pool whose jobs cannot be loaded end with one error', async () => {
  await using redis = await redisFixture()
  await using project = await projectOf({ 'empty.mjs': 'export default {}', 'dist/empty.mjs': 'export default {}' })
  const options = { cwd: project.dir, env: { RQ_REDIS_URL: redis.url } }
  const args = ['--prefix', redis.prefix, '--jobs']
  for (const command of ['worker', 'worker-pool']) {
    const { code, stderr } = await run([command, 'q', ...args, './none.mjs'], options)
    expect([command, code, stderr]).toEqual([
      command,
      2,
      expect.stringMatching(/Invalid --jobs.* a module that exists/),
    ])
  }
  for (const module of ['./empty.mjs', 'dist/empty.mjs', 'dist/empty.mjs#mail']) {
    const { code, stderr } = await run(['worker', 'q', ...args, module], options)
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/empty\.mjs" exports no jobs\. Write `export (default|const mail =) defineJobs/),
    ])
  }
  const { code, stderr } = await run(['worker', 'q', ...args, 'dist/none.mjs'], options)
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/Invalid --jobs.*, or the path of a module that exists \(\.\//),
  ])
})
