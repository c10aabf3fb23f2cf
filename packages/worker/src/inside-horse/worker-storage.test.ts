import { expect, test } from 'vitest'
import { WorkerStorage } from './worker-storage.ts'

const moduleOf = (made: string) => `data:text/javascript,export const make = () => (${made})`

async function clientOf(made: string): Promise<unknown> {
  const worker = new WorkerStorage(() => {}, { module: moduleOf(made), export: 'make', options: {} })
  await worker.prepareClient()
  return worker.storage.client()
}

test('the client of the storage for horses is the client for callbacks', async () => {
  expect(await clientOf('{ name: 7, client() { return this.name } }')).toBe(7)
})

test.each(['undefined', 'null', '7', '{}', 'Promise.reject(Error())'])(
  'a module that makes %s instead of a storage is named as the reason',
  async (made) => {
    await expect(clientOf(made)).rejects.toMatchObject({ code: 'RQ_CONFIG' })
  },
)
