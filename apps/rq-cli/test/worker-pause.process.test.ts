import { existsSync } from 'node:fs'
import { eventually, makeProject, patience, startRedis } from '@rq/testkit'
import { Queue } from 'rq'
import { expect, test } from 'vitest'
import { GATE_MODULE, makeGate } from './gate.ts'
import { run, start } from './program.ts'

test('worker-pause holds one worker back: its job finishes, the next ones wait until worker-resume', async () => {
  await using project = await makeProject({ 'gate.mjs': GATE_MODULE }, { packages: ['rq'] })
  await using redis = await startRedis()
  await using gate = await makeGate()
  const options = { cwd: project.dir, env: { RQ_REDIS_URL: redis.url } }
  const queue = new Queue('default', { connection: redis.url })
  try {
    await using worker = start(['worker', '--name', 'w1'], options)
    await worker.output(/started, listening on/)
    const runs = await queue.enqueue('gate.pass', [gate.file])
    await eventually(() => existsSync(gate.begunFile))
    expect(await run(['worker-pause', 'w1'], options)).toMatchObject({ code: 0, stdout: '' })
    const waits = await queue.enqueue('gate.pass', [gate.file])
    await gate.open()
    expect(await runs.result({ timeout: patience(60) })).toBe('done')
    const { text } = await waits.explain()
    expect(text).toContain('1 worker serves the queue, and it is paused.')
    expect((await run(['info'], options)).stdout).toContain('w1 (')
    expect(await waits.getStatus()).toBe('queued')
    expect(await run(['worker-resume', 'w1'], options)).toMatchObject({ code: 0, stdout: '' })
    expect(await waits.result({ timeout: patience(60) })).toBe('done')
    expect(await run(['worker-pause', 'w2'], options)).toMatchObject({
      code: 4,
      stderr: "Error: There is no worker named 'w2': rq-cli info lists the workers.\n",
    })
    // A paused worker stops at once.
    await run(['worker-pause', 'w1'], options)
    worker.kill('SIGTERM')
    expect(await worker.exited).toMatchObject({ code: 0 })
  } finally {
    await queue.close()
  }
})
