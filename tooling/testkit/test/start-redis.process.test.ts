import { existsSync } from 'node:fs'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { eventually } from '../src/eventually.ts'
import { makeProject } from '../src/folders.ts'
import { isRunning } from '../src/is-running.ts'
import { spawnNode } from '../src/spawn-node.ts'
import { type OwnRedis, startRedis } from '../src/start-redis.ts'

async function ask<T>(url: string, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url)
  try {
    return await question(client)
  } finally {
    client.disconnect()
  }
}

async function setting(url: string, name: string): Promise<string> {
  return ask(url, async (client) => String(((await client.config('GET', name)) as string[])[1]))
}

describe('startRedis', () => {
  test('starts servers side by side, each on 127.0.0.1 alone and without persistence', async () => {
    await using one = await startRedis()
    await using two = await startRedis({ maxmemory: '5mb' })
    expect(one.port).not.toBe(two.port)
    const names = ['bind', 'save', 'appendonly', 'maxmemory']
    const read = (server: OwnRedis) => Promise.all(names.map((name) => setting(server.url, name)))
    expect(await read(one)).toEqual(['127.0.0.1', '', 'no', '0'])
    expect(await read(two)).toEqual(['127.0.0.1', '', 'no', String(5 * 1024 * 1024)])
  })

  test('a restart keeps the port, and the data when there is an append-only file', async () => {
    await using kept = await startRedis({ appendonly: true })
    await using lost = await startRedis()
    for (const [server, expected] of [
      [kept, '1'],
      [lost, null],
    ] as const) {
      await ask(server.url, (client) => client.set('a', '1'))
      const { url, pid } = server
      await server.kill()
      expect(isRunning(pid)).toBe(false)
      await server.restart()
      expect(server.url).toBe(url)
      expect(server.pid).not.toBe(pid)
      expect(await ask(server.url, (client) => client.get('a'))).toBe(expected)
    }
  })

  test('can be frozen and thawed', async () => {
    await using server = await startRedis()
    await server.kill('SIGSTOP')
    const client = new Redis(server.url, { commandTimeout: 100, retryStrategy: null })
    client.on('error', () => {})
    await expect(client.ping()).rejects.toThrow('timed out')
    await server.kill('SIGCONT')
    client.disconnect()
    expect(await ask(server.url, (other) => other.ping())).toBe('PONG')
  })

  test('is gone with its folder after stop, which may be called again', async () => {
    const server = await startRedis()
    const folder = await setting(server.url, 'dir')
    await server.stop()
    await server.stop()
    expect([isRunning(server.pid), existsSync(folder)]).toEqual([false, false])
  })

  test('throws what the server printed when it does not start', async () => {
    await expect(startRedis({ args: ['--no-such-setting', '1'] })).rejects.toThrow(/no-such-setting/)
  })

  test.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
    'is gone with its folder when its process ends by %s',
    async (signal) => {
      const scripts = new URL('../../../scripts/redis.mjs', import.meta.url).href
      await using project = await makeProject({
        'main.js': `
        import { acquireRedis, startServer } from ${JSON.stringify(scripts)}
        const server = await startServer(await acquireRedis())
        console.log(server.pid, server.url)
        setInterval(() => {}, 1000)
      `,
      })
      await using child = spawnNode(project.path('main.js'))
      const [, pid, url] = await child.output(/(\d+) (redis:.*)/)
      const folder = await setting(String(url), 'dir')
      child.kill(signal)
      await child.exited
      await eventually(() => expect([isRunning(Number(pid)), existsSync(folder)]).toEqual([false, false]))
    },
  )
})
