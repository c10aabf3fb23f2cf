import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { ownClient, startRedis, tempDir } from '@rq/testkit'
import { newJob } from '@rq/testkit/storage-conformance'
import { describe, expect, test } from 'vitest'
import { horseStorage, RedisStorage, type RedisStorageOptions, storageSource } from '../src/index.ts'

const CERTIFICATE_TOOL = 'openssl'
const hasOpenssl = spawnSync(CERTIFICATE_TOOL, ['version']).status === 0

/** A server that speaks TLS only to those who show a certificate of its authority, if `mutual`. */
async function tlsServer({ names = 'IP:127.0.0.1', mutual = false } = {}) {
  const folder = await tempDir()
  const openssl = (...args: string[]) => execFileSync(CERTIFICATE_TOOL, args, { cwd: folder.dir, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=ca', '-days', '2')
  writeFileSync(folder.path('names'), `subjectAltName=${names}`)
  openssl('req', ...key, '-keyout', 'own.key', '-out', 'own.csr', '-subj', '/CN=own')
  const sign = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names']
  openssl('x509', '-req', '-in', 'own.csr', ...sign, '-out', 'own.crt')
  const files = { 'tls-ca-cert-file': 'ca.crt', 'tls-cert-file': 'own.crt', 'tls-key-file': 'own.key' }
  const args = Object.entries(files).flatMap(([name, file]) => [`--${name}`, folder.path(file)])
  const redis = await startRedis({ args: ['--tls-auth-clients', mutual ? 'yes' : 'no', ...args] })
  const port = await openTlsPort(redis.url)
  const text = (name: string) => readFileSync(folder.path(name))
  return {
    port,
    plainPort: redis.port,
    url: `rediss://127.0.0.1:${port}`,
    ca: text('ca.crt'),
    cert: text('own.crt'),
    key: text('own.key'),
    async [Symbol.asyncDispose]() {
      await redis.stop()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** Another process may take a free port before the server does. */
async function openTlsPort(url: string, tries = 5): Promise<number> {
  using client = ownClient(url)
  const port = await freePort()
  try {
    await client.config('SET', 'tls-port', port)
    return port
  } catch (error) {
    if (tries === 1) throw error
    return openTlsPort(url, tries - 1)
  }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  const port = await listeningPort(probe)
  probe.close()
  return port
}

async function listeningPort(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Redis can be built without TLS. */
async function speaksTls(): Promise<boolean> {
  if (!hasOpenssl) return false
  try {
    await (await tlsServer())[Symbol.asyncDispose]()
    return true
  } catch {
    return false
  }
}

const count = async (options: RedisStorageOptions) => {
  await using storage = new RedisStorage(options)
  await storage.queues.enqueue([newJob({ id: 'one' })])
  return storage.queues.count('default')
}

describe.skipIf(!(await speaksTls()))('TLS', () => {
  test('refuses a certificate of an authority that it does not know, and says what to do', async () => {
    await using server = await tlsServer()
    await expect(count({ connection: server.url })).rejects.toThrow(
      /certificate of Redis at rediss:.*NODE_EXTRA_CA_CERTS/,
    )
  })

  test('takes one of an authority that it is told of', async () => {
    await using server = await tlsServer()
    const { ca, port } = server
    expect(await count({ connection: { host: '127.0.0.1', port, tls: { ca } } })).toBe(1)
  })

  test('refuses one for another host', async () => {
    await using server = await tlsServer({ names: 'DNS:elsewhere.example' })
    const { ca, port } = server
    const other = count({ connection: { host: '127.0.0.1', port, tls: { ca } } })
    await expect(other).rejects.toThrow(/ERR_TLS_CERT_ALTNAME_INVALID/)
  })

  test('shows its own certificate, also from other processes, which are told of it as JSON', async () => {
    await using server = await tlsServer({ mutual: true })
    const { ca, cert, key, port } = server
    await expect(count({ connection: { host: '127.0.0.1', port, tls: { ca } } })).rejects.toMatchObject({
      code: 'RQ_REDIS_UNREACHABLE',
    })
    const connection = { host: '127.0.0.1', port, tls: { ca, cert, key } }
    const source = JSON.parse(JSON.stringify(storageSource({ connection })))
    await using horse = horseStorage(source.options)
    await horse.queues.enqueue([newJob({ id: 'one' })])
    expect(await horse.queues.count('default')).toBe(1)
  })

  test('does not speak to a port without TLS, and says so', async () => {
    await using server = await tlsServer()
    const unanswered = /cannot be reached \(.*\): the server does not speak TLS\. Use redis:/
    const talkative = createServer((socket) => socket.on('error', () => {}).end('-ERR Protocol error\r\n'))
    const silent = createServer((socket) => socket.on('error', () => {}).resume())
    let connections = 0
    silent.on('connection', () => connections++)
    const others = await Promise.all([talkative, silent].map(listeningPort))
    const refusals = [server.plainPort, ...others].map(async (port) => {
      await expect(count({ connection: `rediss://127.0.0.1:${port}` })).rejects.toThrow(unanswered)
    })
    await Promise.all(refusals)
    // One that comes to nothing takes 5 s, and there are not three.
    expect(connections).toBe(1)
    talkative.close()
    silent.close()
  })
})
