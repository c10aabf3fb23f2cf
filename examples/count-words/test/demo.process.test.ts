import { fileURLToPath } from 'node:url'
import { isRunning, makeProject, type RedisFixture, redisFixture, spawnNode, type TempDir } from '@rq/testkit'
import { describe, expect, it } from 'vitest'

const EXAMPLE = fileURLToPath(new URL('..', import.meta.url))

/** A folder with one document of three words. */
const oneDocument = () => makeProject({ 'doc.md': 'three small words\n' })

function startDemo({ url, prefix }: RedisFixture, folder: TempDir, count: number, wordsOfLast = 3) {
  const args = [prefix, folder.path('doc.md'), String(count), String(wordsOfLast)]
  return spawnNode(new URL('run-demo.js', import.meta.url), args, {
    cwd: EXAMPLE,
    env: { RQ_REDIS_URL: url },
  })
}

/** The only key that may remain in Redis: the worker's record, which expires within a minute. */
async function workerRecord(redis: RedisFixture): Promise<string> {
  const [key = '', ...more] = await redis.keys()
  expect(key).toMatch(/:worker:\w+$/)
  expect(more).toEqual([])
  return key
}

describe('runDemo', () => {
  it('counts in plain lines, shows the failure as its caller sees it, and leaves nothing', async () => {
    await using redis = await redisFixture()
    await using folder = await oneDocument()
    await using demo = startDemo(redis, folder, 30)
    expect(await demo.exited, demo.stderr).toMatchObject({ code: 0, signal: null })
    const progress = [...demo.stdout.matchAll(/^ {2}(\d+)\/30 documents$/gm)].map(([, done]) => Number(done))
    expect(progress).toEqual([3, 6, 9, 12, 15, 18, 21, 24, 27, 30])
    expect(demo.stdout).toContain('90 words in 30 documents, ')
    expect(demo.stdout).toContain('Every count is right.')
    expect(demo.stdout).toMatch(/JobFailedError: Job \w+ failed: Error: http:\S+ answered 404 Not Found/)
    expect(demo.stdout).toMatch(/at countWordsAtUrl \(.*\/src\/count-words\.ts:\d+:\d+\)/)
    expect(demo.stdout).toMatch(/\$ rq-cli info\n.*30 finished, 1 failed/)
    expect(await redis.client.ttl(await workerRecord(redis))).toBeGreaterThan(0)
  })

  it('says so when a count is wrong', async () => {
    await using redis = await redisFixture()
    await using folder = await oneDocument()
    await using demo = startDemo(redis, folder, 2, 4)
    expect(await demo.exited, demo.stderr).toMatchObject({ code: 1, signal: null })
    expect(demo.stdout).toContain('WRONG: the last has 4 words, not 3.')
    expect(demo.stdout).toContain('1 counts are wrong.')
  })

  it('ends at once by Ctrl-C, with its worker, and leaves nothing', async () => {
    await using redis = await redisFixture()
    await using folder = await oneDocument()
    // So many that some are left, however long this process takes to read the line and to send the signal.
    await using demo = startDemo(redis, folder, 5000)
    await demo.output(/^ {2}500\/5000 documents$/m, 100_000)
    const record = (await redis.keys()).find((key) => key.includes(':worker:')) ?? ''
    const pid = Number(await redis.client.hget(record, 'pid'))
    expect(isRunning(pid)).toBe(true)
    // To the whole process group, as a terminal does.
    process.kill(-demo.pid, 'SIGINT')
    expect(await demo.exited, demo.stderr).toMatchObject({ code: 130, signal: null })
    expect(demo.stderr).toContain('Ended by SIGINT.')
    expect(demo.stdout).not.toContain('5000/5000')
    expect(isRunning(pid)).toBe(false)
    expect(await workerRecord(redis)).toBe(record)
  })
})
