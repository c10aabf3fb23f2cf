import { describeStorage } from '../storage-conformance/index.ts'
import { MemoryPipeline } from './memory-pipeline.ts'
import { MemoryStorage } from './memory-storage.ts'

describeStorage('MemoryStorage', async () => {
  const storage = new MemoryStorage()
  const opened = [storage]
  return {
    storage,
    another() {
      const other = new MemoryStorage({ data: storage.data })
      opened.push(other)
      return other
    },
    pipeline: () => new MemoryPipeline(),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((one) => one.close()))
    },
  }
})
