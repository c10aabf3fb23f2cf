import { fileURLToPath } from 'node:url'
import { eventually, spawnNode, startRedis } from '@rq/testkit'
import { Job } from 'rq'
import { expect, it } from 'vitest'

const EXAMPLE = new URL('..', import.meta.url)
const CLI = new URL('../../../apps/rq-cli/bin/rq-cli.js', import.meta.url)

it('jobs of BullMQ are forwarded once, and run in rq', async () => {
  await using redis = await startRedis()
  const options = { cwd: fileURLToPath(EXAMPLE), env: { RQ_REDIS_URL: redis.url } }
  await using producer = spawnNode(new URL('dist/old-producer.js', EXAMPLE), [], options)
  expect(await producer.exited, producer.stderr).toMatchObject({ code: 0 })
  await using forwarder = spawnNode(new URL('dist/forward.js', EXAMPLE), [], options)
  await using worker = spawnNode(CLI, ['worker', 'mail'], options)

  const resultOf = async (id: string) => {
    const job = await Job.fetch<string>(id, { connection: redis.url })
    return [job.retriesLeft, await job.returnValue()]
  }
  await eventually(async () => {
    expect(await resultOf('bull-1')).toEqual([2, 'welcomed ada@example.com'])
    expect(await resultOf('bull-2')).toEqual([undefined, 'reminded bob@example.com'])
  })
  for (const process of [forwarder, worker]) {
    process.kill('SIGTERM')
    expect(await process.exited, process.stderr).toMatchObject({ code: 0 })
  }
})
