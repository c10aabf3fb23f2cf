import { fileURLToPath } from 'node:url'
import { eventually, spawnNode, startRedis } from '@rq/testkit'
import { Job, Schedule } from 'rq'
import { expect, it } from 'vitest'

const EXAMPLE = new URL('..', import.meta.url)
const CLI = new URL('../../../apps/rq-cli/bin/rq-cli.js', import.meta.url)

it('a request writes the schedule of a tenant, and the worker runs its jobs', async () => {
  await using redis = await startRedis()
  const options = { cwd: fileURLToPath(EXAMPLE), env: { RQ_REDIS_URL: redis.url, PORT: '0' } }
  await using server = spawnNode(new URL('dist/server.js', EXAMPLE), [], options)
  await eventually(() => expect(server.stdout).toContain('"port":'))
  const url = `http://127.0.0.1:${JSON.parse(server.stdout).port}/tenants/acme/export`
  const ask = async (method: string, path = '', body?: object) => {
    const response = await fetch(url + path, { method, ...(body && { body: JSON.stringify(body) }) })
    const text = await response.text()
    return { status: response.status, ...(response.ok ? JSON.parse(text) : { text }) }
  }

  expect(await ask('GET')).toMatchObject({ status: 404 })
  expect(await ask('PUT', '', { cron: '0 25 * * *' })).toEqual({ status: 400, text: expect.stringContaining('25') })
  const chosen = { cron: '0 6 * * *', timezone: 'Europe/Vienna' }
  expect(await ask('PUT', '', chosen)).toEqual({ status: 200, nextAt: expect.stringMatching(/T0[45]:0\d:/), jobs: [] })
  await using worker = spawnNode(CLI, ['worker', 'exports', '--path', 'dist'], options)
  const run = await ask('POST', '/run')
  expect(run.status).toBe(202)
  const job = await Job.fetch<string>(run.job, { connection: redis.url })
  expect(await job.result({ timeout: 30 })).toBe('exported acme')

  await ask('PUT', '', { every: '1s' })
  await eventually(async () => {
    expect((await ask('GET')).jobs.length).toBeGreaterThan(1)
  })
  expect(await ask('DELETE')).toEqual({ status: 200, removed: true })
  expect((await Schedule.all({ connection: redis.url })).map(({ name }) => name)).toEqual(['delete-old-exports'])
  worker.kill('SIGTERM')
  expect(await worker.exited, worker.stderr).toMatchObject({ code: 0 })
})
