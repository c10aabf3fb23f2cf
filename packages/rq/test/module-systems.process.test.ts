import { mkdir, symlink } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { makeProject, redisFixture, spawnNode, type TempDir, tempDir } from '@rq/testkit'
import { rolldown } from 'rolldown'
import { describe, expect, it } from 'vitest'
import { Queue } from '../src/index.ts'

/** A project whose `rq` is the built one of this workspace. */
async function projectWithRq(files: Record<string, string>): Promise<TempDir> {
  const project = await makeProject(files)
  await mkdir(project.path('node_modules'), { recursive: true })
  await symlink(fileURLToPath(new URL('..', import.meta.url)), project.path('node_modules/rq'), 'dir')
  return project
}

async function run(file: string) {
  await using program = spawnNode(file, [])
  return await program.exited
}

describe('rq in both module systems', () => {
  it('is one instance, whoever loads it first', async () => {
    const compare = `
      const same = Object.keys(required).filter((name) => required[name] === imported[name])
      console.log(same.length > 30 && same.length === Object.keys(imported).length)
      console.log(new required.Retry({ max: 1 }) instanceof imported.Retry)`
    await using project = await projectWithRq({
      'import-first.mjs': `
        import { createRequire } from 'node:module'
        import * as imported from 'rq'
        const required = createRequire(import.meta.url)('rq')
        ${compare}`,
      'require-first.cjs': `
        const required = require('rq')
        import('rq').then((imported) => {${compare}})`,
    })
    for (const file of ['import-first.mjs', 'require-first.cjs']) {
      expect(await run(project.path(file))).toMatchObject({ code: 0, stdout: 'true\ntrue\n', stderr: '' })
    }
  })
})

describe('a program in one file', () => {
  const PRODUCER = `
    import { Queue, RqError, ref } from 'rq'
    const queue = new Queue('mail', { connection: 'redis://127.0.0.1:1' })
    queue.enqueue(ref('./jobs/mail#send'), ['a@b']).catch((error) => {
      console.log(error instanceof RqError, error.code)
      return queue.close()
    })`
  const WORKER = `
    import { Worker, WorkerPool } from 'rq'
    const [kind, connection, prefix, horsePath] = process.argv.slice(2)
    const options = { connection, prefix, processTitle: false, ...(horsePath && { horsePath }) }
    const logger = { ...console, child: () => logger, debug() {}, info() {} }
    const ended = kind === 'pool'
      ? new WorkerPool('default', { ...options, logger }).start({ burst: true })
      : new Worker('default', { ...options, logger, horse: kind }).work({ burst: true })
    ended.catch((error) => {
      console.error(error.code, error.message)
      process.exitCode = 1
    })`
  const JOBS = `
    export const add = (x, y) => x + y
    export const ping = async (job, connection) => {
      console.log(await connection.ping())
    }`

  /** Make one file from a module, in a folder that has nothing else. */
  async function bundle(project: TempDir, source: string, target: string, format: 'cjs' | 'esm') {
    await using made = await rolldown({ input: project.path(source), platform: 'node', logLevel: 'silent' })
    await made.write({ file: target, format, codeSplitting: false })
    return target
  }

  it.each(['cjs', 'esm'] as const)('enqueues: %s', async (format) => {
    await using project = await projectWithRq({ 'main.mjs': PRODUCER })
    await using empty = await tempDir()
    const file = await bundle(project, 'main.mjs', empty.path(format === 'esm' ? 'main.mjs' : 'main.cjs'), format)
    expect(await run(file)).toMatchObject({ code: 0, stdout: 'true RQ_REDIS_UNREACHABLE\n', stderr: '' })
  })

  it.each(['cjs', 'esm'] as const)('runs jobs in horses of every kind by its option horsePath: %s', async (format) => {
    const extension = format === 'esm' ? 'mjs' : 'cjs'
    await using redis = await redisFixture()
    await using project = await projectWithRq({ 'main.mjs': WORKER, 'horse.mjs': "import 'rq/horse'" })
    await using app = await makeProject({ 'jobs.mjs': JOBS })
    const main = await bundle(project, 'main.mjs', app.path(`main.${extension}`), format)
    const horse = await bundle(project, 'horse.mjs', app.path(`horse.${extension}`), format)
    await using queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
    for (const kind of ['process', 'thread', 'inline', 'pool']) {
      const job = await queue.enqueue('./jobs#add', [20, 22], { onSuccess: './jobs#ping' })
      await using worker = spawnNode(main, [kind, redis.url, redis.prefix, horse], { cwd: app.dir })
      expect(await worker.exited).toMatchObject({ code: 0, stdout: 'PONG\n', stderr: '' })
      expect([kind, await job.result()]).toEqual([kind, 42])
    }
  })

  it('says once what to do when it finds no file for its horses', async () => {
    await using redis = await redisFixture()
    await using project = await projectWithRq({ 'main.mjs': WORKER })
    await using empty = await tempDir()
    const main = await bundle(project, 'main.mjs', empty.path('main.mjs'), 'esm')
    const error = 'seems to be bundled. Keep rq out of the bundle (external), or bundle rq/horse into a file of its own'
    for (const kind of ['process', 'thread', 'pool']) {
      await using worker = spawnNode(main, [kind, redis.url, redis.prefix], { cwd: empty.dir })
      const { code, stderr } = await worker.exited
      expect([kind, code, stderr.trim().split('\n').length, stderr]).toEqual([
        kind,
        1,
        1,
        expect.stringContaining(error),
      ])
      expect(stderr).toMatch(/^RQ_CONFIG .* as the option horsePath\.$/m)
    }
    await using worker = spawnNode(main, ['process', redis.url, redis.prefix, './none.js'], { cwd: empty.dir })
    expect((await worker.exited).stderr).toMatch(/^RQ_CONFIG .*none\.js does not exist \(option horsePath\)/)
  })
})
