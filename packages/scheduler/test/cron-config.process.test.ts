import { rename, symlink, writeFile } from 'node:fs/promises'
import { eventually, makeProject, redisFixture, spawnNode } from '@rq/testkit'
import { describe, expect, it } from 'vitest'

const SCHEDULER = new URL('./run-cron-config.js', import.meta.url)
const PACKAGES = ['@rq/scheduler', '@rq/redis']

const config = (...lines: string[]) =>
  ["import { cron } from '@rq/scheduler'", "import { clean, report } from './jobs.mjs'", ...lines].join('\n')
const jobs = 'export const clean = () => 1\nexport const report = (kind) => kind\n'

describe('config modules', () => {
  it('register cron jobs, and are reloaded when they change; a version that fails changes nothing', async () => {
    await using redis = await redisFixture()
    const first = config("cron.register(clean, { queueName: 'default', interval: 3600, name: 'first' })")
    await using project = await makeProject({ 'cron.config.mjs': first, 'jobs.mjs': jobs }, { packages: PACKAGES })
    await using scheduler = spawnNode(SCHEDULER, [redis.url, redis.prefix, 'cron.config.mjs'], { cwd: project.dir })
    await scheduler.output(/jobs: first\n/)
    const file = project.path('cron.config.mjs')
    const second = "cron.register(report, { queueName: 'default', args: ['x'], cron: '* * * * * *', name: 'second' })"

    await writeFile(file, config(second, "throw new Error('oh no')"))
    await scheduler.output(/cannot be loaded.*oh no/)
    await writeFile(file, config(second, "cron.register(clean, { queueName: 'default', cron: '61 * * * *' })"))
    await scheduler.output(/cannot be loaded.*position 1/)
    expect(scheduler.stdout).not.toContain('second')

    await writeFile(file, config(second))
    await scheduler.output(/jobs: second\n/)
    const known = `${redis.prefix}cron_job:second:jobs`
    await eventually(async () => (await redis.client.zcard(known)) > 0)
    const [id] = await redis.client.zrange(known, '0', '0')
    const data = await redis.client.hget(`${redis.prefix}job:${id}`, 'data')
    expect(JSON.parse(data ?? '')).toEqual(['./jobs#report', null, ['x'], {}])
    const [name = ''] = await redis.client.zrange(`${redis.prefix}cron_schedulers`, '0', '0')
    expect(await redis.client.hget(`${redis.prefix}cron_scheduler:${name}`, 'config_file')).toBe('cron.config.mjs')

    scheduler.kill('SIGTERM')
    expect(await scheduler.exited).toMatchObject({ code: 0, signal: null })
    expect(await redis.client.zcard(`${redis.prefix}cron_schedulers`)).toBe(0)
  })

  it('may be CommonJS, and are reloaded as well', async () => {
    await using redis = await redisFixture()
    const text = (name: string) =>
      `globalThis[Symbol.for('rq.cron.pending')].push(['jobs#f', { queueName: 'q', interval: 3600, name: '${name}' }])\n`
    await using project = await makeProject({ 'cron.config.cjs': text('one') }, { packages: PACKAGES })
    await using scheduler = spawnNode(SCHEDULER, [redis.url, redis.prefix, 'cron.config.cjs'], { cwd: project.dir })
    await scheduler.output(/jobs: one\n/)
    await writeFile(project.path('cron.config.cjs'), text('other'))
    await scheduler.output(/jobs: other\n/)
  })

  it('are reloaded when their folder is a link that is changed', async () => {
    await using redis = await redisFixture()
    const text = (name: string) =>
      config(`cron.register(clean, { queueName: 'default', interval: 3600, name: '${name}' })`)
    const files = (name: string) => ({ [`${name}/cron.config.mjs`]: text(name), [`${name}/jobs.mjs`]: jobs })
    await using project = await makeProject({ ...files('old'), ...files('new') }, { packages: PACKAGES })
    await symlink('old', project.path('current'))
    const args = [redis.url, redis.prefix, 'current/cron.config.mjs']
    await using scheduler = spawnNode(SCHEDULER, args, { cwd: project.dir })
    await scheduler.output(/jobs: old\n/)
    await symlink('new', project.path('next'))
    await rename(project.path('next'), project.path('current'))
    await scheduler.output(/jobs: new\n/)
  })

  it.each([
    ['missing.mjs', {}, /There is no cron config "missing.mjs"/],
    ['bad.mjs', { 'bad.mjs': 'export const x = ;' }, /"bad.mjs" cannot be loaded/],
    ['bad.mjs', { 'bad.mjs': config("cron.register(clean, { queueName: 'q' })") }, /either interval or cron/],
    [
      'bad.mjs',
      { 'bad.mjs': config("cron.register(() => 1, { queueName: 'q', interval: 1 })") },
      /no module exports it|is not exported|Cannot enqueue/,
    ],
  ])('are refused when they make no sense: %s, case %#', async (path, files, message) => {
    await using redis = await redisFixture()
    await using project = await makeProject({ ...files, 'jobs.mjs': jobs }, { packages: PACKAGES })
    await using scheduler = spawnNode(SCHEDULER, [redis.url, redis.prefix, path], { cwd: project.dir })
    await scheduler.output(message)
    expect((await scheduler.exited).code).not.toBe(0)
    expect(await redis.keys()).toEqual([])
  })
})
