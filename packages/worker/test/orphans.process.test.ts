import { readFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { delimiter } from 'node:path'
import { eventually, isRunning, makeProject, spawnNode } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { JOBS } from './jobs.ts'

const SCRIPT = new URL('./lone-worker.ts', import.meta.url)

/** A worker that runs one job, which has written the process id of its horse. Without `setpriv` its horse is watched by a thread of its own. */
async function loneWorker(func: string, hasSetpriv = true) {
  const project = await makeProject({ 'jobs.js': JOBS, 'bin/setpriv': '#!/bin/sh\nexit 1\n' })
  await chmod(project.path('bin/setpriv'), 0o755)
  const path = hasSetpriv ? process.env.PATH : `${project.path('bin')}${delimiter}${process.env.PATH}`
  const file = project.path('pid')
  const worker = spawnNode(SCRIPT, [project.dir, `./jobs#${func}`, file], { env: { PATH: path } })
  const readPid = () => {
    const pid = Number(readFileSync(file, 'utf8'))
    if (pid === 0) throw new Error('not written yet')
    return pid
  }
  return {
    worker,
    horse: await eventually(readPid),
    async [Symbol.asyncDispose]() {
      await worker[Symbol.asyncDispose]()
      await project[Symbol.asyncDispose]()
    },
  }
}

describe('a horse whose worker is killed', () => {
  test.each([
    ['computes', 'writePidAndSpin', true],
    ['waits', 'writePidAndWait', true],
    ['computes, where the kernel does not tell', 'writePidAndSpin', false],
    ['waits, where the kernel does not tell', 'writePidAndWait', false],
    // Later than that in three runs is no busy machine any more.
  ])('ends within 5 s while its job %s', { retry: 2 }, async (_, func, hasSetpriv) => {
    await using ctx = await loneWorker(func, hasSetpriv)
    expect(isRunning(ctx.horse)).toBe(true)
    ctx.worker.kill('SIGKILL')
    await ctx.worker.exited
    await eventually(() => !isRunning(ctx.horse), { timeoutMs: 5000 })
  })
})

test.each([true, false])(
  'a process that a horse has started ends with the worker (setpriv: %s)',
  async (hasSetpriv) => {
    // What is written is the id of the process that the job has started.
    await using ctx = await loneWorker('spawnChild', hasSetpriv)
    expect(isRunning(ctx.horse)).toBe(true)
    ctx.worker.kill('SIGKILL')
    await ctx.worker.exited
    await eventually(() => !isRunning(ctx.horse))
  },
)

test('signals that reach a horse do not end its job', async () => {
  await using ctx = await loneWorker('writePidAndWait')
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.kill(ctx.horse, signal)
  // A horse that is killed is reported by its worker.
  await expect(ctx.worker.output(/a horse ended/, 500)).rejects.toThrow()
  expect(isRunning(ctx.horse)).toBe(true)
})

test('a horse leads a process group of its own, so that Ctrl-C on a terminal does not reach it', async () => {
  await using ctx = await loneWorker('writePidAndWait')
  const [, , group] = readFileSync(`/proc/${ctx.horse}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  expect(Number(group)).toBe(ctx.horse)
})
