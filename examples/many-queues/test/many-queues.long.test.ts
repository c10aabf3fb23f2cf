import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { eventually, spawnNode, startRedis } from '@rq/testkit'
import { Job, Queue } from 'rq'
import { expect, it } from 'vitest'

const EXAMPLE = new URL('..', import.meta.url)
const EVENTS = 30

/** A store that is down at first, and leaves what it is asked for unanswered until the test lets it go on. */
async function startStore() {
  const waiting = { PUT: [] as ServerResponse[], DELETE: [] as ServerResponse[] }
  const most = { PUT: 0, DELETE: 0 }
  const store = { isUp: false, answersAtOnce: false, pings: 0, answered: 0 }
  const answer = (response: ServerResponse) => {
    store.answered += 1
    response.end()
  }
  const server = createServer(({ method }, response) => {
    if (method !== 'PUT' && method !== 'DELETE') {
      store.pings += 1
      response.writeHead(store.isUp ? 200 : 503).end()
      return
    }
    if (store.answersAtOnce) return answer(response)
    most[method] = Math.max(most[method], waiting[method].push(response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    ...{ store, most },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held: () => [waiting.PUT.length, waiting.DELETE.length],
    goOn() {
      store.answersAtOnce = true
      for (const response of [...waiting.PUT.splice(0), ...waiting.DELETE.splice(0)]) answer(response)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

it('each queue has its concurrency, an outage holds back those that need the store, and one stop ends all', async () => {
  await using redis = await startRedis()
  await using at = await startStore()
  const { store } = at
  const options = { cwd: fileURLToPath(EXAMPLE), env: { RQ_REDIS_URL: redis.url, STORE_URL: at.url } }
  const startWorker = () => spawnNode(new URL('dist/worker.js', EXAMPLE), [], options)
  await using program = spawnNode(new URL('dist/main.js', EXAMPLE), ['acme', String(EVENTS)], options)
  expect(await program.exited, program.stderr).toMatchObject({ code: 0 })
  const lines = program.stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(EVENTS + 3)
  const reportId = lines.find((line) => line.startsWith('reports '))?.split(' ')[1] ?? ''
  await using ingest = new Queue('ingest', { connection: redis.url })
  await using deletions = new Queue('deletions', { connection: redis.url })
  const left = async () => [await ingest.count(), await deletions.count()]

  // The store is down: reports run, the other jobs stay in their queues.
  await using worker = startWorker()
  const report = await Job.fetch<string>(reportId, { connection: redis.url })
  expect(await report.result({ timeout: 60 })).toMatch(/^report of acme/)
  await eventually(() => expect(store.pings).toBeGreaterThan(3))
  expect([await left(), at.held()]).toEqual([
    [EVENTS, 2],
    [0, 0],
  ])

  // It is up again: of each queue as many jobs at once as its concurrency is.
  store.isUp = true
  await eventually(() => expect(at.held()).toEqual([20, 1]))

  // One stop: the jobs of all queues finish, and no other one begins.
  worker.kill('SIGTERM')
  await worker.output(/Warm shut down requested/)
  at.goOn()
  expect(await worker.exited, worker.stderr).toMatchObject({ code: 0 })
  expect([store.answered, await left()]).toEqual([21, [EVENTS - 20, 1]])

  await using next = startWorker()
  await eventually(() => expect(store.answered).toBe(EVENTS + 2))
  expect([await left(), at.most]).toEqual([[0, 0], { PUT: 20, DELETE: 1 }])
  next.kill('SIGTERM')
  expect(await next.exited, next.stderr).toMatchObject({ code: 0 })
})
