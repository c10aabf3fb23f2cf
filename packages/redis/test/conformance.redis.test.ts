import { redisFixture } from '@rq/testkit'
import { describeStorage } from '@rq/testkit/storage-conformance'
import { RedisStorage } from '../src/index.ts'

describeStorage('RedisStorage', async () => {
  // Taken out of a queue, and left by a job that was canceled while it ran.
  const redis = await redisFixture({ tolerate: /^job [ad] \(queued\) is nowhere|^job after is deferred, but all/ })
  const opened: RedisStorage[] = []
  const open = (role: 'producer' | 'worker' = 'producer') => {
    const storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix, role })
    opened.push(storage)
    return storage
  }
  return {
    storage: open(),
    // On a connection of its own, which two producers do not have.
    another: () => open('worker'),
    pipeline: () => redis.client.pipeline(),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((storage) => storage.close()))
      await redis[Symbol.asyncDispose]()
    },
  }
})
