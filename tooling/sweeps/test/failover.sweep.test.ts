import { eventually, faultProxy, ownClient, startRedis } from '@rq/testkit'
import { expect, test } from 'vitest'
import { jobsProject } from '../src/jobs-module.ts'
import { openSite, WELL } from '../src/site.ts'

test('two workers and a producer follow their address to a new master', async () => {
  await using project = await jobsProject()
  await using master = await startRedis()
  await using replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] })
  using heir = ownClient(replica.url)
  await eventually(async () => expect(await heir.info('replication')).toContain('master_link_status:up'))
  await using proxy = await faultProxy(master.url)
  await using site = await openSite({ project, server: master, url: proxy.url })
  site.load.start()
  await eventually(() => expect(site.load.acknowledged.length).toBeGreaterThan(50))

  // The old master becomes a replica: it refuses writes, and closes no connection.
  await site.client.call('FAILOVER')
  await eventually(async () => expect(await heir.role()).toContain('master'))
  proxy.lead(replica.url)
  const before = site.load.acknowledged.length
  await eventually(() => expect(site.load.acknowledged.length).toBeGreaterThan(before + 50))
  expect(site.load.refusals).toContain('RQ_REDIS')
  expect(await site.outcome()).toEqual(WELL)
})
