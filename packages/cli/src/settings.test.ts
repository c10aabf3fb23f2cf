import { makeProject } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { MemoryHost, type MemoryHostOptions } from '../test/memory-host.ts'
import { resolveSettings, type SharedOptions } from './settings.ts'

const NOTHING: SharedOptions = {
  url: undefined,
  config: undefined,
  path: undefined,
  serializer: undefined,
  codec: undefined,
  prefix: undefined,
  verbose: false,
  quiet: false,
  color: true,
}

const settings = (flags: Partial<SharedOptions>, options: MemoryHostOptions = {}) =>
  resolveSettings({ ...NOTHING, ...flags }, new MemoryHost({ folder: '/project', ...options }))

const address = async (flags: Partial<SharedOptions>, options: MemoryHostOptions = {}) =>
  (await settings(flags, options)).connection

describe('resolveSettings', () => {
  test('a flag overrides the environment, which overrides the configuration, which overrides the default', async () => {
    const config = { redisUrl: 'redis://config' }
    const env = { RQ_REDIS_URL: 'redis://rq', REDIS_URL: 'redis://env' }
    expect(await address({ url: 'redis://flag' }, { env, config })).toBe('redis://flag')
    expect(await address({}, { env, config })).toBe('redis://rq')
    expect(await address({}, { env: { REDIS_URL: 'redis://env' }, config })).toBe('redis://env')
    expect(await address({}, { env: { RQ_REDIS_URL: '' }, config })).toBe('redis://config')
    expect(await address({})).toBe('redis://localhost:6379')
  })

  test('reads the URL in a file, and shows nothing of what a file holds', async () => {
    await using project = await makeProject({
      url: 'redis://:p@file\n',
      empty: '\n',
      two: 'redis://:canary@one\nredis://:canary@two\n',
    })
    const host = { folder: project.dir }
    const config = { redisUrl: 'redis://config' }
    expect(await address({ urlFile: 'url' }, { ...host, env: { RQ_REDIS_URL: 'redis://rq' }, config })).toBe(
      'redis://:p@file',
    )
    const env = { RQ_REDIS_URL_FILE: project.path('url'), REDIS_URL: 'redis://env' }
    expect(await address({}, { ...host, env, config })).toBe('redis://:p@file')
    expect(await address({ url: 'redis://flag' }, { ...host, env, config })).toBe('redis://flag')
    const wrong = (message: RegExp) =>
      expect.objectContaining({ code: 'RQ_CONFIG', message: expect.stringMatching(message) })
    for (const [name, message] of [
      ['none', /^The file of --url-file cannot be read: ENOENT/],
      ['.', /cannot be read: EISDIR/],
      ['empty', /is empty\. Expected one line/],
      ['two', /holds more than a URL/],
    ] as const) {
      await expect(address({ urlFile: name }, host)).rejects.toEqual(wrong(message))
      await expect(address({ urlFile: name }, host)).rejects.not.toThrow('canary')
    }
    await expect(address({}, { ...host, env: { RQ_REDIS_URL_FILE: 'none' } })).rejects.toEqual(
      wrong(/file of RQ_REDIS_URL_FILE cannot/),
    )
    await expect(address({}, { env: { ...env, RQ_REDIS_URL: 'redis://rq' } })).rejects.toEqual(wrong(/are both set/))
    await expect(address({ url: 'redis://flag', urlFile: 'url' }, host)).rejects.toThrow('cannot be used together')
  })

  test('a URL overrides Sentinel, which overrides host, port, database and password', async () => {
    const host = { redisHost: 'h', redisPort: 1, redisDb: 2, redisUsername: 'u', redisPassword: 'p', redisSsl: true }
    const sentinel = {
      instances: [
        ['one', 26379],
        ['two', 26380],
      ],
      masterName: 'main',
      db: 3,
      password: 'p',
      sentinelPassword: 's',
      ssl: true,
      socketTimeout: 0.5,
    }
    expect(await address({}, { config: { redisUrl: 'redis://x', sentinel, ...host } })).toBe('redis://x')
    expect(await address({}, { config: { sentinel, ...host } })).toEqual({
      sentinels: [
        { host: 'one', port: 26379 },
        { host: 'two', port: 26380 },
      ],
      name: 'main',
      db: 3,
      password: 'p',
      sentinelPassword: 's',
      tls: {},
      enableTLSForSentinelMode: true,
      connectTimeout: 500,
    })
    expect(await address({}, { config: host })).toEqual({
      host: 'h',
      port: 1,
      db: 2,
      username: 'u',
      password: 'p',
      tls: {},
    })
    expect(await address({}, { config: { redisPort: 7 } })).toEqual({ host: 'localhost', port: 7, db: 0 })
  })

  test('the environment may name host, port, database and password', async () => {
    expect(await address({}, { env: { REDIS_HOST: 'h' } })).toEqual({ host: 'h', port: 6379, db: 0 })
    expect(
      await address({}, { env: { REDIS_HOST: 'h', REDIS_PORT: '1', REDIS_DB: '2', REDIS_PASSWORD: 'p' } }),
    ).toEqual({
      host: 'h',
      port: 1,
      db: 2,
      password: 'p',
    })
    // What Kubernetes sets for a service called redis.
    expect(await address({}, { env: { REDIS_PORT: 'tcp://10.0.0.1:6379' } })).toBe('redis://localhost:6379')
    await expect(address({}, { env: { REDIS_HOST: 'h', REDIS_PORT: 'x' } })).rejects.toThrow('REDIS_PORT')
  })

  test('paths are relative to the working directory, those of the configuration to its folder', async () => {
    const config = { path: ['dist', '/abs'], serializer: './s.js#s', codec: './c.js#c', import: ['./i.js', 'tsx'] }
    expect(await settings({}, { config })).toMatchObject({
      importPaths: ['/project/dist', '/abs'],
      serializer: '/project/s.js#s',
      codec: '/project/c.js#c',
      imports: ['/project/i.js', 'tsx'],
    })
    expect(
      await settings({ path: ['src'], serializer: 'json', codec: './d.js#d', prefix: 'b:' }, { config }),
    ).toMatchObject({
      importPaths: ['/project/src'],
      serializer: 'json',
      codec: '/project/d.js#d',
      prefix: 'b:',
    })
    expect(await settings({})).toMatchObject({ importPaths: ['/project'], serializer: undefined, codec: undefined })
  })

  test('a module without ./ is a file if there is one of that name, else a package', async () => {
    await using project = await makeProject({ 'dist/s.js': '', 'i.mjs': '', 'tsx/index.js': '' })
    const config = { serializer: 'dist/s.js#s', codec: 'dist/none.js#c', import: ['i.mjs', 'tsx', 'none.js'] }
    expect(await settings({}, { folder: project.dir, config })).toMatchObject({
      serializer: `${project.path('dist/s.js')}#s`,
      codec: 'dist/none.js#c',
      imports: [project.path('i.mjs'), 'tsx', 'none.js'],
    })
  })

  test('a flag or the environment names the configuration file', async () => {
    await expect(settings({ config: 'flag.js' }, { env: { RQ_CONFIG: 'named.js' } })).rejects.toThrow('flag.js')
    await expect(settings({}, { env: { RQ_CONFIG: 'env.js' } })).rejects.toThrow('env.js')
    await expect(settings({}, { env: { RQ_CONFIG: '' } })).resolves.toBeDefined()
  })
})
