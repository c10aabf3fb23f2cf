import { expect, test } from 'vitest'
import type { FromHorse } from './protocol.ts'
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

test('calls that nobody awaits wait in the horse, in their order, and all are made', async () => {
  const sent: Extract<FromHorse, { type: 'call' }>[] = []
  const worker = new WorkerStorage((message) => {
    if (message.type === 'call') sent.push(message)
  }, undefined)
  const ended: unknown[] = []
  const calls = Array.from({ length: 100_000 }, (_, n) =>
    worker.storage.jobs.update('a', { description: `${n}` }).then((reply) => ended.push(reply)),
  )
  const read = worker.storage.jobs.fetch(['a'])
  expect(sent).toHaveLength(65)
  for (let at = 0; at < sent.length; at++) {
    const { args, call, method } = sent[at] as (typeof sent)[0]
    const value = method === 'fetch' ? [] : (args[1] as { description: string }).description
    worker.answer({ type: 'reply', call, value: value as never })
  }
  await Promise.all([...calls, read])
  expect(ended).toEqual(Array.from({ length: 100_000 }, (_, n) => `${n}`))
})

test('a call that cannot be sent fails, and those behind it are made', async () => {
  const worker = new WorkerStorage((message) => {
    if (message.type === 'call' && message.args[0] === 'odd') throw new TypeError('it is circular')
  }, undefined)
  const odd = worker.storage.jobs.exists('odd')
  await expect(odd).rejects.toMatchObject({ code: 'RQ_SERIALIZATION', message: 'it is circular' })
})
