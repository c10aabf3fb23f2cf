import { chmod } from 'node:fs/promises'
import { eventually, isRunning, makeProject, patience, redisFixture } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { type LogFields, type Logger, Queue, Worker, WorkerPool } from '../src/index.ts'

describe('WorkerPool', () => {
  it('works a burst with several processes, and ends', async () => {
    await using redis = await redisFixture()
    await using project = await makeProject({ 'jobs.mjs': 'export const add = (x, y) => x + y' })
    const where = { connection: redis.url, prefix: redis.prefix }
    await using queue = new Queue('default', where)
    const jobs = await queue.enqueueMany([1, 2, 3, 4].map((n) => Queue.prepareData('jobs.add', [n, n])))
    const pool = new WorkerPool([queue], { numWorkers: 2, importPaths: [project.dir] })
    await pool.start({ burst: true })
    expect(pool.pids).toEqual([])
    expect(await Promise.all(jobs.map((job) => job.result({ timeout: patience(60) })))).toEqual([2, 4, 6, 8])
  })

  it('replaces a worker that is killed, and stops all of them', async () => {
    await using redis = await redisFixture()
    const where = { connection: redis.url, prefix: redis.prefix }
    await using queue = new Queue('default', where)
    const pool = new WorkerPool('default', { ...where, numWorkers: 2 })
    const running = pool.start()
    const count = async (wanted: number) =>
      (await Worker.count({ connection: redis.client, prefix: redis.prefix, queue })) === wanted
    await eventually(() => count(2))
    const [first] = pool.pids
    process.kill(first ?? 0, 'SIGKILL')
    await eventually(async () => pool.pids.length === 2 && !pool.pids.includes(first ?? 0))
    // The dead one's record outlives it; the new one has its own.
    await eventually(() => count(3))
    const pids = pool.pids
    await pool.stop()
    await running
    expect(pids.filter(isRunning)).toEqual([])
  })

  it('logs what its workers log, with their names, errors with their stacks', async () => {
    await using redis = await redisFixture()
    await using project = await makeProject({
      'jobs.mjs': "export const add = (x, y) => x + y\nexport const fail = () => { throw new RangeError('too far') }",
    })
    const where = { connection: redis.url, prefix: redis.prefix }
    await using queue = new Queue('default', where)
    await queue.enqueueMany(['add', 'fail'].map((name) => Queue.prepareData(`jobs.${name}`, [], { jobId: name })))
    const entries: unknown[] = []
    const at = (level: string) => (message: string, fields?: LogFields) => void entries.push({ level, message, fields })
    const logger: Logger = {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: () => logger,
    }
    const pool = new WorkerPool([queue], { name: 'pool', importPaths: [project.dir], logger, logJobDescription: false })
    await pool.start({ burst: true })
    const worker = 'pool-1'
    const expected = [
      { level: 'info', message: 'Pool pool started with 1 workers' },
      { level: 'info', message: 'Worker pool-1 started, listening on default', fields: { worker } },
      { level: 'info', message: 'default: add', fields: { worker } },
      { level: 'info', message: 'default: Job OK (add)', fields: { worker, jobId: 'add', tookMs: expect.any(Number) } },
      {
        level: 'error',
        message: 'default: Job failed (fail)',
        fields: { worker, error: expect.stringMatching(/^RangeError: too far\n/) },
      },
      { level: 'info', message: 'Worker pool-1 stopped', fields: { worker } },
      { level: 'info', message: 'Pool pool stopped' },
    ]
    for (const entry of expected)
      expect(entries).toContainEqual(
        expect.objectContaining(
          'fields' in entry ? { ...entry, fields: expect.objectContaining(entry.fields) } : entry,
        ),
      )
  })

  it.skipIf(process.platform === 'win32')('warns once of a setting that all its workers have', async () => {
    await using redis = await redisFixture()
    await using project = await makeProject({ 'jobs.mjs': '' })
    await chmod(project.dir, 0o777)
    const lines: string[] = []
    const note = (message: string) => void lines.push(message)
    const logger = { debug: note, info: note, warn: note, error: note }
    const where = { connection: redis.url, prefix: redis.prefix }
    const pool = new WorkerPool('default', { ...where, numWorkers: 2, importPaths: [project.dir], logger })
    const running = pool.start()
    const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length
    const warning = /^Every user of this machine can write to/
    await eventually(() => expect([count(/started, listening/), count(warning)]).toEqual([2, 1]))
    await pool.stop()
    await running
    expect(count(warning)).toBe(1)
  })

  it('refuses options that cannot be sent to another process', () => {
    const handlers = { exceptionHandlers: [() => {}] }
    expect(() => new WorkerPool('default', handlers)).toThrow(expect.objectContaining({ code: 'RQ_INVALID_OPTION' }))
    expect(() => new WorkerPool('default', { numWorkers: 0 })).toThrow('numWorkers')
  })
})
