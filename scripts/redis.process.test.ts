import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type TempDir, tempDir } from '../tooling/testkit/src/folders.ts'
import { acquireRedis } from './redis.mjs'

const run = promisify(execFile)

/** A machine whose PATH has only a shell, and the programs of the test. */
let machine: TempDir
let said: string[]

beforeEach(async () => {
  machine = await tempDir()
  said = []
  await mkdir(machine.path('bin'))
  for (const name of ['sh', 'cat', 'chmod', 'mkdir']) await symlink(`/bin/${name}`, machine.path(`bin/${name}`))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await machine[Symbol.asyncDispose]()
})

async function program(path: string, text: string): Promise<string> {
  await mkdir(dirname(machine.path(path)), { recursive: true })
  await writeFile(machine.path(path), `#!/bin/sh\n${text}\n`)
  await chmod(machine.path(path), 0o755)
  return machine.path(path)
}

const server = (version: string) => `echo 'Redis server v=${version} sha=00000000:0'`

async function acquire(source = 'http://127.0.0.1:1/redis-stable.tar.gz'): Promise<string> {
  vi.stubEnv('PATH', machine.path('bin'))
  vi.stubEnv('REDISMS_DOWNLOAD_URL', source)
  return acquireRedis((line) => said.push(line), machine.path('cache'))
}

/** A release of Redis, as far as the build looks at it. Its Makefile is not read: the test has a `make` of its own. */
async function source() {
  await mkdir(machine.path('redis/src'), { recursive: true })
  await writeFile(machine.path('redis/Makefile'), 'all:\n')
  await run('tar', ['-czf', machine.path('redis.tar.gz'), '-C', machine.dir, 'redis'])
  const archive = readFileSync(machine.path('redis.tar.gz'))
  const site = createServer((_, response) => response.end(archive)).listen(0, '127.0.0.1')
  await new Promise((resolve) => site.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(site.address() as AddressInfo).port}/redis-stable.tar.gz`,
    [Symbol.dispose]: () => void site.close(),
  }
}

test('takes a server on the PATH, and passes by one that is too old', async () => {
  await program('bin/redis-server', server('6.2.14'))
  const valkey = await program('bin/valkey-server', "echo 'Valkey server v=8.1.1 sha=00000000:0'")
  expect(await acquire()).toBe(valkey)
  expect(said).toEqual([])
})

test('installs one by the package manager, and says so where nobody can be asked', async () => {
  const installed = machine.path('bin/redis-server')
  await program('bin/brew', `echo "#!/bin/sh\n${server('7.2.4')}" > ${installed}; chmod 755 ${installed}`)
  expect(await acquire()).toBe(installed)
  expect(said).toEqual(['No Redis on the PATH. Installing one with brew ...'])
})

test('builds one into the cache where no package manager brings one, and finds it there again', async () => {
  await program('bin/redis-server', server('6.2.14'))
  await program('bin/brew', 'echo "brew is out of order" >&2; exit 1')
  const made = await program(
    'bin/make',
    `echo "#!/bin/sh\n${server('7.4.1')}" > src/redis-server; chmod 755 src/redis-server`,
  )
  using release = await source()
  const built = machine.path('cache/stable/redis-server')
  expect(await acquire(release.url)).toBe(built)
  expect(said).toEqual([
    `${machine.path('bin/redis-server')} is 6.2.14: too old. Installing one with brew ...`,
    'brew is out of order',
    'Building Redis from source into .cache/redis (some minutes) ...',
  ])
  await rm(made)
  said = []
  expect(await acquire()).toBe(built)
  expect(said).toEqual([])
})

test('says in one line what to install when there is no way', async () => {
  const error = await acquire().catch((reason: unknown) => reason)
  expect(String(error)).toMatch(
    /^Error: rq needs Redis >= 7\.0 or Valkey >= 7\.2 and could not get one \(.*ECONNREFUSED.*\): install redis-server or valkey-server, put it on the PATH, and run this again\.$/,
  )
  expect(said).toEqual(['No Redis on the PATH. Building Redis from source into .cache/redis (some minutes) ...'])
})
