import { RedisStorage } from '@rq/redis'
import { eventually, type OwnRedis, ownClient, startRedis } from '@rq/testkit'
import { Worker } from '@rq/worker'
import { describe, expect, test } from 'vitest'
import { jobsProject } from '../src/jobs-module.ts'
import { openSite, WELL } from '../src/site.ts'

const ACL_FOR_ALL = ['~*', '&*', '+@all']

function urlOf(redis: OwnRedis, user: string, password: string): string {
  const url = new URL(redis.url)
  url.username = user
  url.password = password
  return url.href
}

describe('a worker that Redis does not let in', () => {
  test.each([
    ['a wrong password', 'default', 'wrong', 'WRONGPASS'],
    ['no password', '', '', 'NOAUTH'],
    ['a user without rights', 'nobody', 'secret', 'NOPERM'],
  ])('does not start with %s, and says why without the password', async (_, user, password, why) => {
    await using redis = await startRedis({ args: ['--requirepass', 'right'] })
    using admin = ownClient(urlOf(redis, 'default', 'right'))
    await admin.acl('SETUSER', 'nobody', 'on', '>secret', '+info')
    await using storage = new RedisStorage({ connection: urlOf(redis, user, password), role: 'worker' })
    const worker = new Worker('default', { storage, horse: 'inline' })
    const error = await worker.work().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'RQ_REDIS_AUTH', message: expect.stringContaining(why) })
    expect(String(error)).not.toMatch(/wrong|secret/)
  })
})

test('two workers and a producer wait while their password is refused', async () => {
  await using project = await jobsProject()
  await using redis = await startRedis()
  using admin = ownClient(redis.url)
  await admin.acl('SETUSER', 'app', 'on', '>old', ...ACL_FOR_ALL)
  await using site = await openSite({ project, server: redis, url: urlOf(redis, 'app', 'old') })
  site.load.start()
  await eventually(() => expect(site.load.acknowledged.length).toBeGreaterThan(50))

  await admin.acl('SETUSER', 'app', 'resetpass', '>new')
  await admin.call('CLIENT', 'KILL', 'USER', 'app')
  const refused = () => expect(site.load.refusals.filter((code) => code === 'RQ_REDIS_AUTH').length).toBeGreaterThan(3)
  await eventually(refused)
  await admin.acl('SETUSER', 'app', '>old')
  const before = site.load.acknowledged.length
  await eventually(() => expect(site.load.acknowledged.length).toBeGreaterThan(before + 50))
  expect(await site.outcome()).toEqual(WELL)
  // Subscriptions are back, too: each connection reconnects by itself, within its longest backoff.
  const listening = async () => expect(await admin.pubsub('CHANNELS', 'rq:pubsub:*')).toHaveLength(2)
  await eventually(listening)
})
