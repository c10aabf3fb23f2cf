import { fileURLToPath } from 'node:url'
import { eventually, spawnNode, startRedis } from '@rq/testkit'
import { expect, it } from 'vitest'

const CLI = new URL('../../../apps/rq-cli/bin/rq-cli.js', import.meta.url)

const INVOICE = { queue: 'pdf', path: '/invoices/2024-7/pdf', result: { invoice: '2024-7', pages: 1 } }
const USER = { queue: 'mail', path: '/users/ada@example.com', result: 'Welcome, ada@example.com' }

interface Example {
  readonly name: string
  readonly queue: string
  readonly path: string
  readonly result: unknown
  /** Of the server and the worker. */
  readonly env?: Readonly<Record<string, string>>
  /** Of the worker. */
  readonly args?: readonly string[]
}

it.each<Example>([
  { name: 'express', ...INVOICE },
  { name: 'fastify', ...INVOICE },
  { name: 'hono', ...INVOICE },
  { name: 'nest', ...USER, env: { JOBS: 'elsewhere' }, args: ['--jobs', './dist/jobs.js'] },
])(
  '$name: a request enqueues, a worker runs the job, another request reads it',
  async ({ name, path, queue, result, args = [], env = {} }) => {
    const example = new URL(`../../${name}/`, import.meta.url)
    await using redis = await startRedis()
    const options = { cwd: fileURLToPath(example), env: { RQ_REDIS_URL: redis.url, PORT: '0', ...env } }
    await using server = spawnNode(new URL('dist/server.js', example), [], options)
    await using worker = spawnNode(CLI, ['worker', queue, ...args], options)
    const [, port] = await server.output(/listening on (\d+)/)
    const at = (where: string) => `http://localhost:${port}${where}`

    expect((await fetch(at('/jobs/unknown'))).status).toBe(404)
    const enqueued = await fetch(at(path), { method: 'POST' })
    expect(enqueued.status).toBe(202)
    const { job } = (await enqueued.json()) as { job: string }
    await eventually(async () => {
      expect(await (await fetch(at(`/jobs/${job}`))).json()).toEqual({ status: 'finished', result })
    })

    for (const process of [server, worker]) {
      process.kill('SIGTERM')
      await process.exited
    }
    expect(await worker.exited, worker.stderr).toMatchObject({ code: 0 })
    expect(await server.exited, server.stderr).toMatchObject(name === 'nest' ? { signal: 'SIGTERM' } : { code: 0 })
  },
)
