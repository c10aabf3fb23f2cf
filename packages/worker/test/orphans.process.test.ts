import { readFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { delimiter } from 'node:path'
import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { eventually, isRunning, makeProject, redisFixture, spawnNode } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { JOBS } from './jobs.ts'

const SCRIPT = new URL('./lone-worker.js', import.meta.url)

/**
 * A worker in a process of its own with one job, which has written a process id: that of its horse, or of a process
 * that it started. Without `setpriv` a thread in the horse watches for the end of the worker.
 */
async function loneWorker(func: string, hasSetpriv = true) {
  const redis = await redisFixture()
  const project = await makeProject({ 'jobs.js': JOBS, 'bin/setpriv': '#!/bin/sh\nexit 1\n' })
  await chmod(project.path('bin/setpriv'), 0o755)
  const path = hasSetpriv ? process.env.PATH : `${project.path('bin')}${delimiter}${process.env.PATH}`
  const file = project.path('pid')
  {
    await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
    await new Queue('default', { storage, serializer: 'json' }).enqueue(`./jobs#${func}`, [file])
  }
  const worker = spawnNode(SCRIPT, [project.dir, redis.url, redis.prefix], { env: { PATH: path } })
  const readPid = () => {
    const pid = Number(readFileSync(file, 'utf8'))
    if (pid === 0) throw new Error('not written yet')
    return pid
  }
  return {
    worker,
    pid: await eventually(readPid, { show: () => worker.stderr }),
    async [Symbol.asyncDispose]() {
      await worker[Symbol.asyncDispose]()
      await project[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

describe('a horse whose worker is killed', () => {
  test.each([
    ['computes', 'writePidAndSpin', true],
    ['waits', 'writePidAndWait', true],
    ['computes, where the kernel sends no signal', 'writePidAndSpin', false],
    ['waits, where the kernel sends no signal', 'writePidAndWait', false],
  ])('ends by itself while its job %s', async (_, func, hasSetpriv) => {
    await using ctx = await loneWorker(func, hasSetpriv)
    expect(isRunning(ctx.pid)).toBe(true)
    ctx.worker.kill('SIGKILL')
    await ctx.worker.exited
    await eventually(() => !isRunning(ctx.pid))
  })
})

test.each([true, false])(
  'a process that a horse has started ends with the worker (setpriv: %s)',
  async (hasSetpriv) => {
    await using ctx = await loneWorker('spawnChild', hasSetpriv)
    expect(isRunning(ctx.pid)).toBe(true)
    ctx.worker.kill('SIGKILL')
    await ctx.worker.exited
    await eventually(() => !isRunning(ctx.pid))
  },
)

test('signals that reach a horse do not end its job', async () => {
  await using ctx = await loneWorker('writePidAndWait')
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.kill(ctx.pid, signal)
  // A horse that is killed is reported by its worker.
  await expect(ctx.worker.output(/a horse ended/, 500)).rejects.toThrow()
  expect(isRunning(ctx.pid)).toBe(true)
})

test('a horse leads a process group of its own, so that Ctrl-C on a terminal does not reach it', async () => {
  await using ctx = await loneWorker('writePidAndWait')
  const [, , group] = readFileSync(`/proc/${ctx.pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  expect(Number(group)).toBe(ctx.pid)
})
