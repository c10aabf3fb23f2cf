import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PORT_TRIES = 5
const READY = 'Ready to accept connections'

/**
 * Reads the process id of the server from a pipe of this process (an empty line: no server now). When the pipe closes,
 * since this process closed it or ended in any way, it ends the server and removes the folder. It is a shell script, so
 * it costs next to nothing.
 */
const KEEPER = `
trap '' INT TERM HUP
server=
while read -r line; do server=$line; done
if [ -n "$server" ]; then kill -9 "$server" 2> /dev/null; fi
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
`

/**
 * @typedef {import('node:stream').Readable} Readable
 * @typedef {import('node:child_process').ChildProcessByStdio<null, Readable, Readable>} WatchedProcess
 */

/**
 * @typedef {object} ServerOptions
 * @property {boolean} [appendonly] Write an append-only file at every command, so that `restart` keeps the data.
 *   Default false.
 * @property {string} [maxmemory] As in redis.conf: `'10mb'`. Default no limit.
 * @property {readonly string[]} [args] More arguments for the server: `['--maxclients', '10']`.
 */

/**
 * @typedef {object} Server A Redis of our own on 127.0.0.1 that cannot outlive this process.
 * @property {string} url
 * @property {number} port
 * @property {number} pid Changes with `restart`.
 * @property {(signal?: NodeJS.Signals) => Promise<void>} kill Send a signal (default SIGKILL), and wait for the end if
 *   the signal ends the server.
 * @property {() => Promise<void>} restart Kill it if it runs, and start it again with the same port and folder.
 * @property {() => Promise<void>} stop End it and remove its folder. Safe to repeat.
 */

/**
 * Start a server from `binary` on a free port, with its data in a temporary folder and no persistence unless asked for.
 * @param {string} binary
 * @param {ServerOptions} [options]
 * @returns {Promise<Server & AsyncDisposable>}
 * @throws Error with the output of the server if it does not start.
 */
export async function startServer(binary, options = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'rq-redis-'))
  const keeper = spawn('sh', ['-c', KEEPER, 'rq-redis-keeper', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  keeper.unref()
  keeper.stdin.on('error', () => {})
  const release = async () => {
    if (keeper.exitCode !== null || keeper.signalCode !== null) return
    const gone = once(keeper, 'exit')
    keeper.ref()
    keeper.stdin.end()
    await gone
  }
  const launch = async (/** @type {number} */ port) => {
    const child = spawnServer(binary, folder, port, options)
    keeper.stdin.write(`${child.pid ?? ''}\n`)
    child.once('exit', () => keeper.stdin.writable && keeper.stdin.write('\n'))
    await ready(child)
    return child
  }
  try {
    let { port, child } = await onFreePort(launch)
    const stop = async () => {
      await end(child, 'SIGKILL')
      await release()
    }
    return {
      port,
      url: `redis://127.0.0.1:${port}`,
      get pid() {
        return child.pid ?? 0
      },
      async kill(signal = 'SIGKILL') {
        await end(child, signal)
      },
      async restart() {
        await end(child, 'SIGKILL')
        child = await launch(port)
      },
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await release()
    throw error
  }
}

/**
 * @template T
 * @param {(port: number) => Promise<T>} launch
 */
async function onFreePort(launch) {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    try {
      return { port, child: await launch(port) }
    } catch (error) {
      // Another process may take the port before the server does. A node of a cluster also needs the one 10,000 above.
      const isUnfit = error instanceof Error && /address already in use|port number too high/i.test(error.message)
      if (!isUnfit || attempt === PORT_TRIES) throw error
    }
  }
}

/**
 * @param {string} binary
 * @param {string} folder
 * @param {number} port
 * @param {ServerOptions} options
 */
function spawnServer(binary, folder, port, { appendonly = false, maxmemory, args = [] }) {
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: appendonly ? 'yes' : 'no',
    appendfsync: 'always',
    ...(maxmemory === undefined ? {} : { maxmemory }),
  }
  const given = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  // Its own process group, so that Ctrl-C does not end it before the processes that still need it.
  const child = spawn(binary, [...given, ...args], { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  child.unref()
  return child
}

/** @param {WatchedProcess} child */
async function ready(child) {
  let said = ''
  await new Promise((resolve, reject) => {
    const listen = (/** @type {Buffer} */ chunk) => {
      said = `${said}${chunk}`.slice(-20_000)
      if (said.includes(READY)) resolve(undefined)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`redis-server ended with code ${code} at its start:\n${said}`)))
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.removeAllListeners('data')
    stream.resume()
    // The pipes must be drained but must not keep this process alive.
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref()
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
async function end(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.ref()
  child.kill(signal)
  if (signal === 'SIGSTOP' || signal === 'SIGCONT') return
  await gone
}

/** @returns {Promise<number>} */
async function freePort() {
  const probe = createServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('No free port on 127.0.0.1.')
  return address.port
}
