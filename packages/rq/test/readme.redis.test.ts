import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { makeProject, spawnNode, startRedis } from '@rq/testkit'
import { expect, it } from 'vitest'

const root = new URL('../../../', import.meta.url)

/** The code blocks of the README that name their file in the first line. */
function filesOfReadme(): Record<string, string> {
  const readme = readFileSync(new URL('README.md', root), 'utf8')
  const blocks = [...readme.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)]
  return Object.fromEntries(blocks.map(([, name = '', text = '']) => [name, text]))
}

it('the example of the README runs as it stands, in a folder that has just the built packages', async () => {
  await using redis = await startRedis()
  await using project = await makeProject(filesOfReadme(), { packages: ['rq', 'rq-cli'] })
  const server = createServer((_, response) => response.end('three words here')).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const options = { cwd: project.dir, env: { RQ_REDIS_URL: redis.url }, built: true }

  const cli = fileURLToPath(new URL('apps/rq-cli/bin/rq-cli.js', root))
  await using worker = spawnNode(cli, ['worker', '--concurrency', '2'], options)
  await using main = spawnNode(project.path('main.mjs'), [url], options)
  expect(await main.exited).toEqual({ code: 0, signal: null })
  server.close()
  expect(main.stderr).toBe('')
  expect(main.stdout).toContain(`countWordsAtUrl('${url}') is `)
  expect(main.stdout).toContain('3 words\n')
  worker.kill('SIGTERM')
  expect(await worker.exited).toEqual({ code: 0, signal: null })
})
