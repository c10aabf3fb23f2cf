import { readFile, writeFile } from 'node:fs/promises'
import {
  eventually,
  makeProject,
  patience,
  type RedisFixture,
  redisFixture,
  type SpawnedProcess,
  type TempDir,
} from '@rq/testkit'
import { CronScheduler, Queue, Schedule } from 'rq'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run, start } from './program.ts'

const JOBS = `
export const clean = () => 'cleaned'
export const report = (kind) => kind + ' report'
`

const configOf = (...lines: readonly string[]) =>
  ["import { cron } from 'rq'", "import { clean, report } from './jobs.mjs'", ...lines].join('\n')

const CONFIG = configOf("cron.register(clean, { queueName: 'default', cron: '* * * * * *', name: 'each' })")

let project: TempDir

beforeAll(async () => {
  project = await makeProject({ 'jobs.mjs': JOBS, 'cron.config.mjs': CONFIG }, { packages: ['rq'] })
})

afterAll(async () => {
  await project[Symbol.asyncDispose]()
})

/** The program in the folder of the project, over a Redis of its own. */
class Place implements AsyncDisposable {
  readonly redis: RedisFixture
  readonly queue: Queue
  readonly #options

  constructor(redis: RedisFixture) {
    this.redis = redis
    this.queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
    this.#options = { cwd: project.dir, env: { RQ_REDIS_URL: redis.url } }
  }

  start(command: string, ...args: readonly string[]): SpawnedProcess {
    return start([command, '--prefix', this.redis.prefix, ...args], this.#options)
  }

  run(command: string, ...args: readonly string[]) {
    return run([command, '--prefix', this.redis.prefix, ...args], this.#options)
  }

  lock(): Promise<string | null> {
    return this.redis.client.get(`${this.redis.prefix}scheduler-lock:default`)
  }

  schedulers() {
    return CronScheduler.all({ connection: this.redis.client, prefix: this.redis.prefix })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue.close()
    await this.redis[Symbol.asyncDispose]()
  }
}

/** The tick in the id of a job: `...-20300101T000000Z`. */
function secondsOf(id: string): number {
  const [, date = '', time = ''] = /-(\d{8})T(\d{6})Z$/.exec(id) ?? []
  const text = `${date.replace(/(\d{4})(..)/, '$1-$2-')}T${time.replace(/(..)(..)/, '$1:$2:')}Z`
  return Date.parse(text) / 1000
}

const place = async () => new Place(await redisFixture())

describe('rq-cli schedules sync', () => {
  test('keeps what a cron module registers as schedules, whose jobs a worker enqueues', async () => {
    await using at = await place()
    const sync = (file: string, ...more: readonly string[]) =>
      at.run('schedules', 'sync', file, '--owner', 'app', ...more)
    expect(await sync('cron.config.mjs')).toMatchObject({ code: 0, stdout: 'Written: each\n' })
    expect(await sync('cron.config.mjs')).toMatchObject({ code: 0, stdout: '' })
    await using worker = at.start('worker', 'default')
    await eventually(async () => expect(await at.queue.finishedJobRegistry.count()).toBeGreaterThan(1))
    worker.child.kill('SIGTERM')
    expect(await worker.exited).toMatchObject({ code: 0 })
    const job = (await at.queue.finishedJobRegistry.getJobIds())[0] ?? ''
    expect([job.startsWith('schedule-each-'), await (await at.queue.fetchJob(job))?.returnValue()]).toEqual([
      true,
      'cleaned',
    ])

    const named =
      "cron.register(report, { queueName: 'low', args: ['x'], interval: '1h', kwargs: { all: true }, jobTimeout: 60 })"
    await writeFile(project.path('other.mjs'), configOf(named))
    expect(await sync('other.mjs')).toMatchObject({ stdout: 'Written: ./jobs#report\nRemoved: each\n' })
    const [schedule, ...others] = await Schedule.all({ connection: at.redis.client, prefix: at.redis.prefix })
    expect(others).toEqual([])
    expect(schedule).toMatchObject({ owner: 'app', every: 3600, queueName: 'low', args: ['x'], kwargs: { all: true } })
  })

  test.each([
    [
      "cron.register(clean, { queueName: 'q', interval: '1h', dependsOn: 'x' })",
      /schedule "\.\/jobs#clean" of the list: Invalid dependsOn/,
    ],
    ["cron.register(clean, { queueName: 'q', cron: '0 25 * * *' })", /position 3 \(hour\)/],
    [
      "for (const _ of [1, 2]) cron.register(clean, { queueName: 'q', interval: '1h' })",
      /a name that is once in the list/,
    ],
  ])('refuses %s, and writes nothing', async (line, message) => {
    await using at = await place()
    await writeFile(project.path('wrong.mjs'), configOf(line))
    const refused = await at.run('schedules', 'sync', 'wrong.mjs', '--owner', 'app')
    expect(refused.stderr).toMatch(message)
    expect(refused.stderr.trim().split('\n')).toHaveLength(1)
    expect([refused.code, await at.redis.keys()]).toEqual([2, []])
  })

  test('refuses what a living cron scheduler enqueues as well', async () => {
    await using at = await place()
    await using program = at.start('cron', 'cron.config.mjs', '--name', 'beside')
    await program.output(/started with 1 jobs/)
    const { code, stderr } = await at.run('schedules', 'sync', 'cron.config.mjs', '--owner', 'app')
    expect([code, stderr]).toEqual([2, expect.stringContaining('stop the cron scheduler beside first')])
    program.child.kill('SIGTERM')
    await program.exited
    expect(await at.run('schedules', 'sync', 'cron.config.mjs', '--owner', 'app')).toMatchObject({ code: 0 })
    await using late = at.start('cron', 'cron.config.mjs')
    await late.output(/The schedule each enqueues the jobs of this cron job as well/)
  })
})

describe('rq-cli cron', () => {
  test('enqueues the jobs of the module until SIGTERM, each tick once for two schedulers', async () => {
    await using at = await place()
    await using first = at.start('cron', 'cron.config.mjs', '--name', 'first', '--pid', 'cron.pid')
    await using second = at.start('cron', project.path('cron.config.mjs'), '--name', 'second')
    await Promise.all([first, second].map((program) => program.output(/started with 1 jobs/)))
    expect(await readFile(project.path('cron.pid'), 'utf8')).toBe(String(first.child.pid))
    expect((await at.schedulers()).map(({ name }) => name).sort()).toEqual(['first', 'second'])
    await eventually(async () => (await at.queue.count()) >= 3)

    first.child.kill('SIGTERM')
    expect(await first.exited).toMatchObject({ code: 0, signal: null, stdout: '' })
    expect((await at.schedulers()).map(({ name }) => name)).toEqual(['second'])
    second.child.kill('SIGINT')
    expect(await second.exited).toMatchObject({ code: 0, signal: null, stdout: '' })
    expect(await at.schedulers()).toEqual([])

    const ids = await at.queue.getJobIds()
    expect(new Set(ids).size).toBe(ids.length)
    expect(await at.run('worker', '--burst')).toMatchObject({ code: 0 })
    const job = await at.queue.fetchJob(ids[0] ?? '')
    expect(await job?.returnValue()).toBe('cleaned')
  })

  test('that was killed goes on where it was: no tick is lost, none comes twice', async () => {
    await using at = await place()
    const each = "cron.register(clean, { queueName: 'default', cron: '* * * * * *', name: 'each', catchUp: 'all' })"
    await writeFile(project.path('all.mjs'), configOf(each))
    await using first = at.start('cron', 'all.mjs')
    await eventually(async () => (await at.queue.count()) >= 2)
    first.child.kill('SIGKILL')
    await first.exited
    const before = await at.queue.count()
    await using second = at.start('cron', 'all.mjs')
    await eventually(async () => (await at.queue.count()) >= before + 3)
    second.child.kill('SIGTERM')
    await second.exited
    const seconds = (await at.queue.getJobIds()).map((id) => secondsOf(id))
    const [start = 0] = seconds
    expect(seconds).toEqual(seconds.map((_, n) => start + n))
  })

  test('reloads the module when it changes, and keeps the old one when that fails', async () => {
    await using at = await place()
    await writeFile(project.path('changing.mjs'), configOf('cron.register(clean, { queueName: "q", interval: "1h" })'))
    await using program = at.start('cron', 'changing.mjs', '--log-format', 'json')
    await program.output(/started with 1 jobs/)
    await writeFile(project.path('changing.mjs'), configOf('cron.register(clean, { queueName: "q", cron: "x" })'))
    await program.output(/cannot be loaded[^\n]*position 2/)
    const report = `cron.register(report, { queueName: 'default', args: ['daily'], cron: '* * * * * *' })`
    await writeFile(project.path('changing.mjs'), configOf(report))
    await program.output(/Reloaded .*changing.mjs: 1 cron jobs/)
    await eventually(async () => (await at.queue.count()) >= 1)
    const [job] = await at.queue.getJobs()
    expect(job?.description).toBe("./jobs#report('daily')")
    program.child.kill('SIGTERM')
    expect(await program.exited).toMatchObject({ code: 0 })
  })

  test.each([
    ["cron.register(clean, { queueName: 'q', cron: '0 25 * * *' })", /position 3 \(hour\)/],
    [
      "cron.register(clean, { queueName: 'q', cron: '0 5 * * *', timezone: 'Mars/Olympus' })",
      /timezone.*Mars\/Olympus/,
    ],
    ["cron.register(clean, { queueName: 'q', interval: 'often' })", /interval/],
    ["cron.register(() => 1, { queueName: 'q', interval: 1 })", /module|export/],
    ['const x = ;', /cannot be loaded/],
  ])('refuses %s, and says what is wrong without a stack', async (line, message) => {
    await using at = await place()
    const name = `bad-${Buffer.from(line).toString('hex').slice(0, 40)}.mjs`
    await writeFile(project.path(name), configOf(line))
    const { code, stderr, stdout } = await at.run('cron', name)
    expect(code).toBeGreaterThan(0)
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n {4}at /)
  })
})

describe('rq-cli scheduler', () => {
  test('moves due jobs; another scheduler takes over when it stops or dies', async () => {
    await using at = await place()
    await using first = at.start('scheduler', 'default', '--name', 'first')
    await first.output(/moves due jobs into default/)
    await using second = at.start('scheduler', 'default', '--name', 'second')
    await using third = at.start('scheduler', 'default', '--name', 'third')
    await eventually(async () => {
      const channel = `${at.redis.prefix}notify:scheduler`
      expect(await at.redis.client.pubsub('NUMSUB', channel)).toEqual([channel, 3])
    })
    await at.queue.enqueueIn(0.1, 'jobs.clean', [], { jobId: 'one' })
    await eventually(async () => (await at.queue.getJobIds()).join() === 'one')

    const askedMs = performance.now()
    first.child.kill('SIGTERM')
    expect(await first.exited).toMatchObject({ code: 0, signal: null, stdout: '' })
    await eventually(async () => ['second', 'third'].includes((await at.lock()) ?? ''))
    expect(performance.now() - askedMs).toBeLessThan(10_000)

    const [leader, standby] = (await at.lock()) === 'second' ? [second, third] : [third, second]
    leader.child.kill('SIGKILL')
    await leader.exited
    await at.queue.enqueueIn(0.1, 'jobs.clean', [], { jobId: 'two' })
    await eventually(async () => (await at.queue.getJobIds()).join() === 'one,two')
    standby.child.kill('SIGINT')
    expect(await standby.exited).toMatchObject({ code: 0, signal: null })
    expect(await at.lock()).toBeNull()
  })
})

describe('rq-cli worker', () => {
  test('runs scheduled jobs when they are due', async () => {
    await using at = await place()
    await using worker = at.start('worker', '--path', '.')
    await worker.output(/started, listening on/)
    await worker.output(/moves due jobs into default/)
    const job = await at.queue.enqueueIn(0.2, 'jobs.clean')
    expect(await job.result({ timeout: patience(60) })).toBe('cleaned')
    worker.child.kill('SIGTERM')
    expect(await worker.exited).toMatchObject({ code: 0, signal: null })
    expect(await at.lock()).toBeNull()
  })
})
