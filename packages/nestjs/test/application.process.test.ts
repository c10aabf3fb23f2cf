import { redisFixture, spawnNode } from '@rq/testkit'
import { Queue, ref } from 'rq'
import { describe, expect, it } from 'vitest'
import { compileApplication, startApplication } from './application.ts'

const RQ_CLI = new URL('../../../apps/rq-cli/bin/rq-cli.js', import.meta.url)

/** What `sendWelcome` of the application returns. */
interface Welcomed {
  readonly text: string
  readonly job: string
  readonly report: string
  readonly pid: number
}

const SEND_WELCOME = ref<(input: { to: string }) => Welcomed>('sendWelcome')

/** Enqueue a job that uses a service and enqueues another one; check both. Returns the process that ran it. */
async function welcome(mails: Queue, reports: Queue): Promise<number> {
  const job = await mails.enqueue(SEND_WELCOME, [{ to: 'grace' }])
  const { pid, report, ...rest } = await job.result()
  expect(rest).toEqual({ text: 'Welcome, from Ada to grace', job: job.id })
  expect(await (await reports.fetchJob(report))?.result()).toBe(1)
  return pid
}

describe.each(['commonjs', 'module'] as const)('an application of Nest, compiled to %s', (type) => {
  it('runs jobs with its own providers, which live until the last one has ended', async () => {
    await using redis = await redisFixture()
    const where = { connection: redis.url, prefix: redis.prefix }
    await using mails = new Queue('mail', where)
    await using reports = new Queue('report', where)
    await using project = await compileApplication(type)
    await using app = startApplication(project, { RQ_REDIS_URL: redis.url, RQ_PREFIX: redis.prefix })

    expect(await welcome(mails, reports)).toBe(app.pid)
    const refused = await mails.enqueue('sendWelcome', [{ to: 7 }])
    await expect(refused.result()).rejects.toThrow('RQ_INPUT_INVALID')

    const slow = await mails.enqueue(ref<() => string>('slow'))
    await app.output(/slow has begun/)
    app.kill('SIGTERM')
    await app.output(/Warm shut down requested/)
    const next = await mails.enqueue('sendWelcome', [{ to: 'late' }])
    await slow.post('grace')
    expect(await slow.result()).toBe('from Ada to grace')
    const { signal, stdout } = await app.exited
    expect(signal).toBe('SIGTERM')
    expect(stdout).toContain(`mails closed in ${app.pid}`)
    expect(await next.getStatus()).toBe('queued')
  })

  it('runs jobs in work horses, of its own worker or of rq-cli, each with a context that is closed', async () => {
    await using redis = await redisFixture()
    const where = { connection: redis.url, prefix: redis.prefix }
    await using mails = new Queue('mail', where)
    await using reports = new Queue('report', where)
    await using project = await compileApplication(type)
    const env = { RQ_REDIS_URL: redis.url, RQ_PREFIX: redis.prefix }
    const starts = {
      'its own worker': () => startApplication(project, { ...env, JOBS: 'process', JOBS_MODULE: './dist/jobs.js' }),
      'rq-cli': () => {
        const args = ['worker', 'mail', 'report', '--jobs', './dist/jobs.js', '--prefix', redis.prefix]
        return spawnNode(RQ_CLI, args, { cwd: project.dir, env: { ...env, JOBS: 'none' } })
      },
    }
    for (const [worker, start] of Object.entries(starts)) {
      await using program = start()
      const pid = await welcome(mails, reports)
      expect(pid, worker).not.toBe(program.pid)
      program.kill('SIGTERM')
      expect((await program.exited).stdout, worker).toContain(`mails closed in ${pid}`)
    }
  })
})
