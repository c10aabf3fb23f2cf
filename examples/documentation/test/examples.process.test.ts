import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { spawnNode, startRedis } from '@rq/testkit'
import { expect, it } from 'vitest'

const SRC = new URL('../src/', import.meta.url)
const WORDS = 'RQ is a simple library for queueing jobs'

/** What each example prints, line by line. The page that they count has eight words. */
const PRINTED: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  arguments: ['Function description, 15: 8 words'],
  bulk: ['my_job_id 8', 'my_other_job_id 8'],
  'bulk-pipeline': ['0', 'my_job_id 8', 'my_other_job_id 8'],
  'bypassing-workers': ['21'],
  callbacks: [/^Job failing failed: RangeError: division by zero$/, /^Job endless was stopped/],
  decorator: ['7', '7'],
  dependencies: ['sent', 'baz foo bar'],
  'dependency-failure': ['Hi there! failed'],
  // The worker may be done by the time that the example looks first.
  enqueue: [/^(undefined|8)$/, '8', '8'],
  'failing-well': [
    'order-1 paid',
    'successful undefined',
    'retried busy, attempt 2',
    'retried busy, attempt 1',
    "NoRetryError RQ_NO_RETRY there is no order { retryable: false, order: '' }",
  ],
  group: ['[', /<Job my_job_id: \w+, queue my_queue>/, /<Job my_other_job_id: \w+, queue my_queue>/, ']', '0'],
  options: ['my_job_id 180 86400 3600 2592000 Count the words of a page', '8'],
  queues: ['2', 'my_id', '2', 'my_id', '2', 'false'],
  'specific-queue': ['low 8'],
  'string-reference': ['12', '30.0'],
  suspending: ['true', 'false Hi there!'],
  unique: ['true false true', '8'],
}

it('every example of the documentation runs, with a worker beside it', async () => {
  const names = readdirSync(SRC).flatMap((file) => /^(.*)\.ts$/.exec(file)?.[1] ?? [])
  expect(names.filter((name) => !['page', 'worker'].includes(name)).sort()).toEqual(Object.keys(PRINTED).sort())

  await using redis = await startRedis()
  const server = createServer((_, response) => response.end(WORDS)).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const page = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const options = {
    cwd: fileURLToPath(new URL('..', SRC)),
    env: { RQ_REDIS_URL: redis.url, PAGE: page },
  }

  await using worker = spawnNode(new URL('../dist/worker.js', import.meta.url), [], options)
  await worker.output(/listening/, 60_000)
  await using examples = spawnNode(new URL('run-examples.js', import.meta.url), Object.keys(PRINTED), options)
  expect(await examples.exited, examples.stderr).toMatchObject({ code: 0, signal: null })
  server.close()

  const sections = examples.stdout.split(/^--- /m).slice(1)
  const printed = Object.fromEntries(
    sections.map((section) => {
      const [name = '', ...lines] = section.trimEnd().split('\n')
      return [name, lines.map((line) => line.trim().replace(/,$/, ''))]
    }),
  )
  for (const [name, expected] of Object.entries(PRINTED)) {
    expect(printed[name], name).toEqual(
      expected.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))),
    )
  }
  worker.kill('SIGTERM')
  expect(await worker.exited).toMatchObject({ code: 0, signal: null })
  // Now all that it wrote has been read.
  for (const line of [
    'success of fine: Hi there!',
    'failure of failing: RangeError',
    'stop of endless',
    'support is told of attempt 1 of 4',
  ]) {
    expect(worker.stderr).toContain(line)
  }
})
