import { eventually, type OwnRedis, ownClient, startRedis } from '@rq/testkit'
import { claimRequest, newJob, RETURNED, workOff } from '@rq/testkit/storage-conformance'
import { Cluster } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { type Connection, RedisStorage } from '../src/index.ts'

const NEEDS_TAG = {
  code: 'RQ_CONFIG',
  message: expect.stringMatching(/ Cluster, where all keys .* in one hash slot\. Set the option prefix .*'\{rq\}:'/),
}

/** A Cluster of one node. */
async function clusterNode(): Promise<OwnRedis> {
  const node = await startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'] })
  using admin = ownClient(node.url)
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383)
  await eventually(async () => expect(await admin.cluster('INFO')).toContain('cluster_state:ok'))
  return node
}

const withCluster = async (run: (node: OwnRedis, cluster: Cluster) => Promise<void>) => {
  await using node = await clusterNode()
  const cluster = new Cluster([{ host: '127.0.0.1', port: node.port }], { redisOptions: { protocol: 2 } })
  try {
    await run(node, cluster)
  } finally {
    cluster.disconnect()
  }
}

describe('a Cluster', () => {
  it('works with a hash tag in the prefix', () =>
    withCluster(async (node, cluster) => {
      for (const connection of [cluster, node.url] satisfies Connection[]) {
        await using storage = new RedisStorage({ connection, prefix: '{billing}:' })
        await storage.queues.enqueue([newJob({ id: 'a' }), newJob({ id: 'b', dependencyIds: ['a'] })])
        const awaited = storage.jobs.awaitResult('a', 60_000)
        expect(await workOff(storage, RETURNED)).toEqual(['applied'])
        expect(await awaited).toMatchObject({ status: 'finished' })
        expect((await storage.workers.claim(claimRequest())).jobs.map(({ job }) => job.id)).toEqual(['b'])
        expect(await storage.queues.counts(['default', 'other'])).toMatchObject([{ finished: 1 }, { finished: 0 }])
        await using clean = new RedisStorage({ connection: node.url, prefix: '{billing}:' })
        for (const jobId of ['a', 'b']) await clean.jobs.delete({ jobId, deleteDependents: false })
      }
    }))

  it.each([undefined, 'billing:', '{}:', 'a}b{:'])('is refused without one, before anything is sent: %s', (prefix) =>
    withCluster(async (_node, cluster) => {
      expect(() => new RedisStorage({ connection: cluster, ...(prefix !== undefined && { prefix }) })).toThrow(
        expect.objectContaining(NEEDS_TAG),
      )
    }),
  )

  it('is refused without one by the first call, when it shows only then', async () => {
    await using node = await clusterNode()
    await using storage = new RedisStorage({ connection: node.url })
    await expect(storage.queues.enqueue([newJob()])).rejects.toMatchObject(NEEDS_TAG)
    await expect(storage.workers.claim(claimRequest())).rejects.toMatchObject(NEEDS_TAG)
  })
})
