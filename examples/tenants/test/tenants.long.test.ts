import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { makeProject, spawnNode, startRedis } from '@rq/testkit'
import { Job, Schedule } from 'rq'
import { expect, it } from 'vitest'

const EXAMPLE = new URL('..', import.meta.url)
const CLI = new URL('../../../apps/rq-cli/bin/rq-cli.js', import.meta.url)
const TENANTS = Array.from({ length: 1000 }, (_, n) => `tenant-${String(n).padStart(4, '0')}`)

it('a thousand tenants have times of their own, and each has one import at a time', async () => {
  await using redis = await startRedis()
  await using folder = await makeProject({})
  const log = folder.path('imports.log')
  const options = { cwd: fileURLToPath(EXAMPLE), env: { RQ_REDIS_URL: redis.url, IMPORT_LOG: log } }
  const connection = redis.url
  const run = async (...words: string[]) => {
    await using program = spawnNode(new URL('dist/main.js', EXAMPLE), words, options)
    expect(await program.exited, program.stderr).toMatchObject({ code: 0 })
    return program.stdout.split('\n').slice(0, -1)
  }

  await run('add', ...TENANTS)
  const minutes = new Set<number>()
  for await (const { nextAt } of Schedule.list({ connection })) minutes.add(new Date(Number(nextAt)).getUTCMinutes())
  expect(minutes.size).toBeGreaterThan(50)
  const page = await run('list', 'tenant-0497')
  expect(page).toHaveLength(20)
  expect(JSON.parse(page[0] ?? '')).toMatchObject({ tenant: 'tenant-0498', lastJob: 'none' })

  // Five requests of one tenant, before a worker is there: one job. The night comes at the same time.
  const asked = await run('import', ...Array.from({ length: 5 }, () => 'tenant-0001'), 'tenant-0002')
  expect(new Set(asked).size).toBe(2)
  const schedule = await Schedule.fetch('import:tenant-0001', { connection })
  const byTime = [await schedule.runNow(), await schedule.runNow()]
  await using worker = spawnNode(CLI, ['worker', 'imports', '--concurrency', '4', '--path', 'dist'], options)
  const jobs = await Job.fetchMany([...new Set(asked), ...byTime.map(({ id }) => id)], { connection })
  for (const job of jobs) expect(await job?.result({ timeout: 60 })).toMatch(/^imported tenant-000[12]$/)
  const lines = (await readFile(log, 'utf8')).split('\n')
  const ofOne = lines.filter((line) => line.endsWith('tenant-0001')).map((line) => line.split(' ')[0])
  expect(ofOne).toEqual(['begin', 'end', 'begin', 'end', 'begin', 'end'])
  expect(lines.filter((line) => line === 'begin tenant-0002')).toHaveLength(1)
  expect((await schedule.explain()).code).toBe('waiting')

  expect(await run('remove', 'tenant-0001', 'tenant-0001')).toEqual(['true', 'false'])
  const [next] = await Schedule.all({ connection, limit: 1, after: 'import:tenant-0000' })
  expect(next?.name).toBe('import:tenant-0002')
  worker.kill('SIGTERM')
  expect(await worker.exited, worker.stderr).toMatchObject({ code: 0 })
})
