import { CronScheduler, Group, Queue, Worker } from 'rq'
import { expect, test } from 'vitest'
import { CliFixture } from './cli-fixture.ts'

/** Names that Python RQ, or anything else that writes to Redis, may give. rq gives none of them. */
const NAMES = [
  'mails (eu)',
  'a|b',
  'a,b',
  'line\n20:00:00 default: Job OK (forged)',
  'return\rline\u2028line',
  'clear\x1b[2J\x9b2J',
  'null\0',
  'https://api.example.com/v1?x=1',
  `long ${'x'.repeat(2_000)}`,
]

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const CONTROL = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]/

async function openWithNames() {
  const cli = await CliFixture.open({ tolerate: /./ })
  const { client, prefix } = cli.redis
  const key = (name: string) => `${prefix}${name}`
  const now = '2026-01-31T10:00:00.000000Z'
  for (const [index, name] of NAMES.entries()) {
    for (const status of ['queued', 'failed']) {
      const job = { status, origin: name, data: '["jobs.echo",null,[],{}]', created_at: now, enqueued_at: now }
      await client.hset(key(`job:${status}-${index}`), { ...job, group_id: name, description: name, timeout: '180' })
    }
    await client.rpush(key(`queue:${name}`), `queued-${index}`)
    await client.zadd(key(`failed:${name}`), 9e12, `failed-${index}`)
    await client.sadd(key('queues'), key(`queue:${name}`))
    await client.sadd(key('groups'), name)
    await client.sadd(key(`group:${name}`), `queued-${index}`)
    await client.sadd(key('rl-keys'), name)
    await client.zadd(key(`rl:${name}:rate_limited`), 1, `queued-${index}`)
    await client.sadd(key('workers'), key(`worker:${name}`))
    await client.hset(key(`worker:${name}`), { hostname: name, queues: name, state: name, birth: now, pid: name })
    await client.zadd(key('cron_schedulers'), Date.now() / 1000, name)
    await client.hset(key(`cron_scheduler:${name}`), { name, hostname: name, config_file: name })
  }
  await client.sadd(key('queues'), key('queue:'))
  await client.sadd(key('queues'), Buffer.concat([Buffer.from(key('queue:bytes ')), Buffer.from([0xff, 0xc0])]))
  return cli
}

test('info and jobs show queues, workers and jobs of any name, each in its line', async () => {
  await using cli = await openWithNames()
  for (const call of [['info'], ['info', '--raw'], ['info', '--by-queue'], ['jobs', '--limit', '99']]) {
    const { code, out, err } = await cli.run(call)
    expect(code, err).toBe(0)
    expect(out).toContain('mails (eu)')
    expect(out).toContain('clear\\x1b[2J')
    expect(out).not.toMatch(CONTROL)
    expect(out).not.toMatch(/^20:00/m)
  }
  const info = JSON.parse((await cli.run(['info', '--json'])).out)
  expect(info.queues.map((queue: { name: string }) => queue.name).sort()).toEqual(
    [...NAMES, '', 'bytes \ufffd\ufffd'].sort(),
  )
  expect(info.queues.find((queue: { name: string }) => queue.name === 'a|b')).toMatchObject({ count: 1, failed: 1 })
  expect(info.totals).toMatchObject({ jobs: NAMES.length, workers: NAMES.length })
  expect(JSON.parse((await cli.run(['jobs', '--json', '--limit', '99'])).out)).toMatchObject({
    total: 2 * NAMES.length,
    jobs: expect.toSatisfy((jobs: readonly unknown[]) => jobs.length === 2 * NAMES.length),
  })
})

test('a queue of any name can be listed, resumed, requeued from and emptied', async () => {
  await using cli = await openWithNames()
  // No argument of a program has a NUL.
  for (const name of NAMES.filter((one) => !one.includes('\0'))) {
    const place = ['--queue', name]
    expect(JSON.parse((await cli.run(['jobs', ...place, '--json'])).out)).toMatchObject({ total: 2 })
    for (const [call, text] of [
      [['info', name], '1 queue, 1 job total'],
      [['resume', ...place], 'was not paused'],
      [['requeue', ...place, '--all'], '1 job requeued to'],
      [['empty', name, '--yes'], '2 jobs removed from'],
    ] as const) {
      const { code, out, err } = await cli.run(call)
      expect({ call, code, text: out + err }).toEqual({ call, code: 0, text: expect.stringContaining(text) })
      expect(out + err).not.toMatch(CONTROL)
    }
  }
  expect(await cli.run(['empty', '--all', '--yes'])).toMatchObject({ code: 0 })
  expect(JSON.parse((await cli.run(['info', '--json'])).out).totals.jobs).toBe(0)
})

test('only names that rq gives get new jobs', async () => {
  await using cli = await openWithNames()
  const queues = await Queue.all(cli.where)
  const refused = { code: 'RQ_INVALID_OPTION' }
  for (const queue of queues) {
    await expect(queue.enqueue('jobs.echo')).rejects.toMatchObject(refused)
    await expect(queue.enqueueMany([Queue.prepareData('jobs.echo')])).rejects.toMatchObject(refused)
    await expect(queue.createJob('jobs.echo')).rejects.toMatchObject(refused)
    await queue.close()
  }
  expect(await cli.run(['enqueue', 'jobs.echo', '--queue', 'a,b'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('Invalid --queue'),
  })
  expect(() => new Queue('a,b', cli.where)).toThrow(expect.objectContaining(refused))
  await using fine = new Queue('plain', { ...cli.where, anyName: true })
  await fine.enqueue('jobs.echo')
  expect(await fine.count()).toBe(1)
  for (const group of await Group.all(cli.where)) {
    expect(await group.getJobIds()).toHaveLength(1)
    await expect(group.enqueueMany('plain', [Queue.prepareData('jobs.echo')])).rejects.toMatchObject(refused)
  }
})

test('groups, workers and cron schedulers of any name are found', async () => {
  await using cli = await openWithNames()
  const names = [...NAMES].sort()
  const sorted = (found: readonly { readonly name: string }[]) => found.map(({ name }) => name).sort()
  expect(sorted(await Group.all(cli.where))).toEqual(names)
  expect(sorted(await Worker.all(cli.where))).toEqual(names)
  expect(sorted(await CronScheduler.all(cli.where))).toEqual(names)
  for (const name of NAMES) {
    expect((await Group.fetch(name, cli.where)).name).toBe(name)
    expect((await CronScheduler.fetch(name, cli.where)).name).toBe(name)
  }
  expect(await Queue.counts(NAMES, cli.where)).toHaveLength(NAMES.length)
})

test('a job of any id is shown, and can be taken out of lists and deleted', async () => {
  await using cli = await openWithNames()
  const { client, prefix } = cli.redis
  await using queue = new Queue('mails (eu)', { ...cli.where, anyName: true })
  for (const id of ['has space', 'esc\x1b[2J', 'x'.repeat(300)]) {
    await client.hset(`${prefix}job:${id}`, { status: 'failed', origin: queue.name, data: '["a.b",null,[],{}]' })
    await client.rpush(`${prefix}queue:${queue.name}`, id)
    await client.zadd(`${prefix}failed:${queue.name}`, 9e12, id)
    for (const call of [['jobs'], ['job', id]]) {
      const { code, out } = await cli.run(call)
      expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(id.replace('\x1b', '\\x1b')) })
      expect(out).not.toMatch(CONTROL)
    }
    expect(await queue.getJobPosition(id)).toBe(1)
    expect(await queue.remove(id)).toBe(1)
    expect(await queue.failedJobRegistry.remove(id)).toBe(true)
    const { code, err } = await cli.run(['delete', id, '--yes'])
    expect({ code, err }).toEqual({ code: 0, err: expect.not.stringMatching(CONTROL) })
    expect(await cli.run(['job', id])).toMatchObject({ code: 4, err: expect.not.stringMatching(CONTROL) })
  }
})
