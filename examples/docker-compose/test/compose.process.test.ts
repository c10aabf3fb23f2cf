import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { spawnNode, spawnProcess, startRedis } from '@rq/testkit'
import { expect, it } from 'vitest'
import { parse } from 'yaml'

const EXAMPLE = fileURLToPath(new URL('..', import.meta.url))

it("the worker's command of compose.yaml runs a job of the image, and ends by SIGTERM", async () => {
  const { services } = parse(readFileSync(`${EXAMPLE}compose.yaml`, 'utf8'))
  const [program, ...args] = services.worker.command as [string, ...string[]]
  expect(program).toBe('node')
  await using redis = await startRedis()
  const options = { cwd: EXAMPLE, env: { RQ_REDIS_URL: redis.url } }
  await using worker = spawnProcess(process.execPath, args, options)
  const cli = new URL('../node_modules/rq-cli/bin/rq-cli.js', import.meta.url)
  await using enqueue = spawnNode(cli, ['enqueue', './jobs/hello#hello', 'Ada', '--wait'], options)
  expect(await enqueue.exited, enqueue.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('Hello, Ada') })
  worker.kill('SIGTERM')
  expect(await worker.exited, worker.stderr).toMatchObject({ code: 0 })
})
