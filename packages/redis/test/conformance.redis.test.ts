import { redisFixture } from '@rq/testkit'
import { describeStorage } from '@rq/testkit/storage-conformance'
import { RedisStorage } from '../src/index.ts'

describeStorage('RedisStorage', async () => {
  const redis = await redisFixture()
  const opened: RedisStorage[] = []
  const open = () => {
    const storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
    opened.push(storage)
    return storage
  }
  return {
    storage: open(),
    another: open,
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((storage) => storage.close()))
      await redis[Symbol.asyncDispose]()
    },
  }
})
