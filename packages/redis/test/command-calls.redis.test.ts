import { ownClient, startRedis } from '@rq/testkit'
import { expect, it } from 'vitest'
import { COMMAND_CALLS } from '../src/command-calls.ts'
import { RedisStorage } from '../src/index.ts'

it('each call whose right is asked for is complete', async () => {
  await using redis = await startRedis()
  using client = ownClient(redis.url)
  for (const call of COMMAND_CALLS) {
    const words = call.replace('/', ' ').replaceAll('%k', 'rq:job:x').split(' ')
    expect(await client.call('ACL', 'DRYRUN', 'default', ...words), call).toBe('OK')
  }
})

it('names the commands and channels that a user may not use, and the server goes on', async () => {
  await using redis = await startRedis()
  using admin = ownClient(redis.url)
  const missing = async (...rights: string[]) => {
    await admin.acl('SETUSER', 'u', 'reset', 'on', '>secret', ...rights)
    await using storage = new RedisStorage({ connection: `redis://u:secret@127.0.0.1:${redis.port}` })
    return await storage.missingRights()
  }
  expect(await missing('allkeys', 'allchannels', '+@all')).toEqual([])
  expect(await missing('~rq:*', '&rq:*', '+@all')).toEqual([])
  expect(await missing('~rq:*', '&rq:notify:*', '+@all', '-set', '-client|tracking', '-eval')).toEqual([
    ...['client tracking', 'eval', 'set', '&rq:events:*', '&rq:listeners:*', '&rq:pubsub:*'],
  ])
  expect(await missing('~rq:*', 'resetchannels', '+@all')).toEqual(['publish'])
  await expect(missing('~other:*', '+@all')).rejects.toMatchObject({ code: 'RQ_REDIS_AUTH' })
  expect(await admin.ping()).toBe('PONG')
})
