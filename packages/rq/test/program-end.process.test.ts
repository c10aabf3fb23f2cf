import { spawnNode, startRedis } from '@rq/testkit'
import { expect, it } from 'vitest'

const PROGRAM = new URL('./enqueue-and-end.js', import.meta.url)

it('a program that closes nothing ends after its last call', async () => {
  await using redis = await startRedis()
  await using program = spawnNode(PROGRAM, [redis.url])
  expect(await program.exited, program.stderr).toMatchObject({ code: 0, stdout: 'queued\n' })
})

it('a program that closes nothing ends when Redis cannot be reached', async () => {
  await using program = spawnNode(PROGRAM, ['redis://127.0.0.1:1'])
  expect(await program.exited, program.stderr).toMatchObject({ code: 0, stdout: 'RQ_REDIS_UNREACHABLE\n' })
})

it('a program that closes nothing ends when Redis is gone, and calls that follow are still answered', async () => {
  await using redis = await startRedis()
  await using program = spawnNode(PROGRAM, [redis.url, 'again'], { stdin: true })
  await program.output(/queued/)
  await redis.stop()
  program.child.stdin?.end()
  expect(await program.exited, program.stderr).toMatchObject({ code: 0, stdout: 'queued\nRQ_REDIS_UNREACHABLE\n' })
})
