import { eventually } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { CliFixture, FILES } from './cli-fixture.ts'

const KEY = Buffer.alloc(32, 'canary').toString('base64')
const FILE = JSON.stringify({ keys: { k: KEY }, active: 'k' })
const WORK = ['worker', '--horse', 'inline', '--burst']
const CRON =
  "globalThis[Symbol.for('rq.cron.pending')].push(['./jobs#echo', { queueName: 'default', interval: 3600, name: 'tick' }])"

describe('sign and requireSignature of the configuration', () => {
  test('sign the jobs of enqueue and cron, and refuse others; the file may be the same', async () => {
    await using cli = await CliFixture.open({ files: { ...FILES, 'keys.json': FILE, 'cron.mjs': CRON } })
    const config = { sign: './keys.json', requireSignature: 'keys.json' }
    expect(await cli.run(['enqueue', 'jobs.add', '1', '2', '--job-id', 'signed'], { config })).toMatchObject({
      code: 0,
    })
    await cli.enqueued('jobs.add', '--job-id', 'unsigned')
    const host = cli.host({ config })
    const running = host.run('cron', '--prefix', cli.redis.prefix, 'cron.mjs')
    await eventually(async () => expect(await cli.queue().count()).toBe(3))
    host.interrupt('SIGTERM')
    await running
    const { err } = await cli.run(WORK, { config })
    expect(err).toMatch(/Job OK \(signed\)/)
    expect(err).toMatch(/Job OK \(cron-tick-/)
    expect(err).toMatch(
      /Job failed \(unsigned\), error RqError \[RQ_SIGNATURE\]: Refused job unsigned: it has no signature\..*\n\d/,
    )
    expect(err).not.toContain(KEY)
  })

  test('keep schedules from being written, whose jobs would have no signature', async () => {
    await using cli = await CliFixture.open({ files: { ...FILES, 'keys.json': FILE, 'cron.mjs': CRON } })
    const config = { sign: './keys.json' }
    for (const words of [
      ['schedules', 'add', 'nightly', 'jobs.add', '--every', '1h'],
      ['schedules', 'sync', 'cron.mjs', '--owner', 'app'],
    ]) {
      const { code, err } = await cli.run(words, { config })
      expect([code, err.trim().split('\n').length, err.includes(KEY)]).toEqual([2, 1, false])
      expect(err).toMatch(/sign\b.*workers enqueue .* have no keys/)
    }
    expect(await cli.redis.keys()).toEqual([])
  })

  test.each([
    ['is not there', 'missing.json', 'Cannot read the file of sign, missing.json: ENOENT.'],
    ['is no JSON', 'data.txt', 'Cannot read the file of sign, data.txt: it holds no JSON object.'],
    ['is a text', 'text.json', 'Cannot read the file of sign, text.json: it holds no JSON object.'],
    ['has a short key', 'short.json', 'Invalid sign.keys.k: expected at least 32 bytes'],
  ])('refuse a file that %s, and show nothing of it', async (_, sign, message) => {
    const files = {
      'data.txt': 'canary',
      'text.json': '"canary"',
      'short.json': '{"keys":{"k":"canary"},"active":"k"}',
    }
    await using cli = await CliFixture.open({ files })
    const { code, err } = await cli.run(['enqueue', 'jobs.add'], { config: { sign } })
    expect([code === 0, err.includes('canary')]).toEqual([false, false])
    expect(err).toContain(message)
    expect(await cli.queue().count()).toBe(0)
  })
})
