import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { eventually, spawnNode, startRedis } from '@rq/testkit'
import { Job } from 'rq'
import { expect, it } from 'vitest'

const EXAMPLE = new URL('..', import.meta.url)
const CLI = new URL('../../../apps/rq-cli/bin/rq-cli.js', import.meta.url)
/** More than any of these tests waits for. */
const ENDLESS = 1e12

interface Line {
  readonly id?: string
  readonly rows?: readonly string[]
  readonly canceled?: string
  readonly status?: string
}

it('a request gets the rows of its query as they come, and ends it with a reason or by leaving', async () => {
  await using redis = await startRedis()
  const options = { cwd: fileURLToPath(EXAMPLE), env: { RQ_REDIS_URL: redis.url, PORT: '0' } }
  await using server = spawnNode(new URL('dist/server.js', EXAMPLE), [], options)
  await using worker = spawnNode(CLI, ['worker', 'queries', '--path', 'dist'], options)
  await eventually(() => expect(server.stdout).toContain('"port":'))
  const url = `http://127.0.0.1:${JSON.parse(server.stdout).port}/queries`

  const short: Line[] = []
  for await (const line of query(url, 250)) short.push(line)
  expect(short.flatMap(({ rows = [] }) => rows)).toEqual(Array.from({ length: 250 }, (_, n) => `row ${n + 1}`))
  expect(short.at(-1)).toEqual({ status: 'finished' })

  // A work horse that the machine holds up is killed before its job can say why it ends.
  let canceled: Line[] = []
  for (let tries = 0; tries < 5 && !canceled.some((line) => line.canceled !== undefined); tries++) {
    canceled = await canceledQuery(url)
    expect(canceled.at(-1)).toEqual({ status: 'stopped' })
  }
  expect(canceled.at(-2)).toEqual({ canceled: 'Job stopped by user: not needed' })

  const leave = new AbortController()
  let left: string | undefined
  await expect(async () => {
    for await (const { id, rows } of query(url, ENDLESS, leave.signal)) {
      left ??= id
      if (rows !== undefined) leave.abort()
    }
  }).rejects.toThrow()
  const job = await Job.fetch(left ?? '', { connection: redis.url })
  await eventually(async () => expect(await job.getStatus()).toBe('stopped'))

  worker.kill('SIGTERM')
  expect(await worker.exited, worker.stderr).toMatchObject({ code: 0 })
})

/** What a request gets of an endless query that another request cancels. */
async function canceledQuery(url: string): Promise<Line[]> {
  const lines: Line[] = []
  for await (const line of query(url, ENDLESS)) {
    lines.push(line)
    if (lines.length !== 3) continue
    const response = await fetch(`${url}/${lines[0]?.id}`, { method: 'DELETE', body: 'not needed' })
    expect(response.status).toBe(202)
  }
  return lines
}

async function* query(url: string, rows: number, signal?: AbortSignal): AsyncGenerator<Line> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify({ rows }), ...(signal && { signal }) })
  if (response.body === null) return
  const body = Readable.fromWeb(response.body)
  const lines = createInterface({ input: body })
  const failed = new Promise<never>((_, reject) => body.once('error', reject))
  failed.catch(() => {})
  for await (const line of lines) yield JSON.parse(line)
  signal?.throwIfAborted()
}
