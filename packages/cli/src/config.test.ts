import { describe, expect, test } from 'vitest'
import { checkConfig } from './config.ts'
import { exitCodeOf } from './exit-code.ts'

describe('checkConfig', () => {
  test('accepts every setting, and ignores other exports', () => {
    const config = {
      redisUrl: 'redis://x',
      queues: ['a', 'b'],
      name: 'n',
      path: '.',
      allow: ['@acme/jobs'],
      scripts: 'scripts',
      concurrency: 2,
      horseMaxJobs: 100,
      horseMaxBytes: '512mb',
      horse: 'thread',
      onUnknownFunction: { returnFor: '10m' },
    }
    expect(checkConfig({ ...config, sentryDsn: 'https://...', somethingElse: () => 1 }, 'rq.config.js')).toEqual(config)
  })

  test.each<[unknown, string]>([
    ['redis://x', 'it exports "redis://x", expected an object of settings.'],
    [null, 'it exports null'],
    [[], 'it exports an array of 0'],
    [{ redisURL: 'redis://x' }, "there is no setting redisURL. Did you mean 'redisUrl'?"],
    [{ queue: ['a'] }, "there is no setting queue. Did you mean 'queues'?"],
    [{ REDIS_URL: 'x' }, "there is no setting REDIS_URL. Did you mean 'redisUrl'?"],
    [{ redisPort: '6379' }, 'redisPort is wrong: expected a whole number of at least 0.'],
    [{ redisPort: -1 }, 'redisPort is wrong'],
    [{ queues: 'a' }, 'queues is wrong: expected an array of strings, or an object of queues.'],
    [{ concurrency: 0 }, 'concurrency is wrong: expected a whole number of at least 1'],
    [{ path: 7 }, 'path is wrong: expected a string or an array of strings.'],
    [{ scripts: true }, 'scripts is wrong: expected a string or false or an array of strings.'],
    [{ redisSsl: 'yes' }, 'redisSsl is wrong: expected true or false.'],
    [{ horse: 'dog' }, "horse is wrong: expected 'process', 'thread' or 'inline'."],
    [{ onUnknownFunction: 'return' }, "onUnknownFunction is wrong: expected 'fail', or { returnFor: '10m' }."],
    [{ sentinel: {} }, 'sentinel.instances is missing.'],
    [{ sentinel: { instances: [['h', 1]] } }, 'sentinel.masterName is missing.'],
    [
      { sentinel: { instances: ['h:1'], masterName: 'm' } },
      'sentinel.instances is wrong: expected an array of [host, port]',
    ],
    [
      { sentinel: { instances: [['h', 1]], masterName: 'm', pasword: 'x' } },
      "there is no setting sentinel.pasword. Did you mean 'password'?",
    ],
  ])('%j is refused', (values, message) => {
    let error: unknown
    try {
      checkConfig(values, 'rq.config.js')
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({
      code: 'RQ_CONFIG',
      message: expect.stringContaining(`In the configuration rq.config.js, ${message}`),
    })
    expect(exitCodeOf(error)).toBe(2)
  })

  test('does not show a wrong value, which may be a secret', () => {
    expect(() => checkConfig({ redisPassword: { secret: 'hunter2' } }, 'f')).toThrow(/^(?!.*hunter2)/)
    expect(() => checkConfig({ redisPassword: 12345 }, 'f')).toThrow(/^(?!.*12345)/)
  })
})
