import { fileURLToPath } from 'node:url'
import { spawnNode, startRedis } from '@rq/testkit'
import { expect, it } from 'vitest'

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const CLI = new URL('../apps/worker/node_modules/rq-cli/bin/rq-cli.js', import.meta.url)

it.each(['apps/web', '.'])('the web application enqueues a function of the package, started in %s', async (folder) => {
  await using redis = await startRedis()
  const env = { RQ_REDIS_URL: redis.url }
  await using worker = spawnNode(CLI, ['worker', 'mail', '--allow', '@acme/jobs'], { cwd: at('apps/worker'), env })
  await using web = spawnNode(new URL('../apps/web/dist/main.js', import.meta.url), [], { cwd: at(folder), env })
  expect(await web.exited, web.stderr).toMatchObject({
    code: 0,
    stdout: '@acme/jobs#sendMail: Hello was sent to ada@example.com\n',
  })
  worker.kill('SIGTERM')
  expect(await worker.exited, worker.stderr).toMatchObject({ code: 0 })
})
