import { readdirSync, readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { inflateSync } from 'node:zlib'
import { RedisStorage } from '@rq/redis'
import { eventually, makeProject, type SpawnedProcess, snapshotRedis, spawnNode, startRedis } from '@rq/testkit'
import { expect, it } from 'vitest'
import { CronScheduler, Group, Job, Queue, Scheduler, SimpleWorker, suspend, Worker, WorkerPool } from '../src/index.ts'

/** Searched for in every output of rq. No other password contains this string. */
const CANARY = 'canary7f3k9'

const JOBS = `
import { getCurrentJob } from 'rq'
import { inspect } from 'node:util'
export const add = (x, y) => x + y
export const fails = () => { throw new Error('no ' + inspect(getCurrentJob(), { depth: 9 })) }
export const look = () => inspect([getCurrentJob(), process.argv, process.title], { depth: 9, showHidden: true })
export const crash = () => process.kill(process.pid, 'SIGKILL')
export const spin = () => { for (;;); }
export const callback = (job, connection) => { throw new Error('callback ' + inspect(job, { depth: 9 })) }
`

/** Does with workers what can be done, and says all that can be said. */
const SCRIPT = `
import { inspect } from 'node:util'
import { Queue, SimpleWorker, Worker, WorkerPool } from 'rq'
const [, , folder] = process.argv
const log = (...line) => console.log(...line.map((one) => inspect(one, { depth: 9, showHidden: true })))
const logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
const options = { importPaths: [folder], logger }
for (const horse of ['process', 'thread', 'inline']) {
  const worker = new Worker(horse, { ...options, horse })
  for (const name of ['job:started', 'job:finished', 'job:failed', 'horse:started', 'horse:ended']) {
    worker.on(name, (event) => log(name, event))
  }
  log(worker, new SimpleWorker(horse, options), new Queue(horse))
  await worker.work({ burst: true })
}
const pool = new WorkerPool('pool', { importPaths: [folder], logger, numWorkers: 1, name: 'pond' })
log(pool)
await pool.start()
`

it('shows no password in anything that it prints, stores, names or throws', async () => {
  await using server = await startRedis({ args: ['--requirepass', CANARY] })
  const url = `redis://:${CANARY}@127.0.0.1:${server.port}`
  await using project = await makeProject({ 'jobs.mjs': JOBS, 'worker.mjs': SCRIPT }, { packages: ['rq'] })
  const seen: [string, string][] = []
  const see = (where: string, what: unknown) =>
    seen.push([where, typeof what === 'string' ? what : inspect(what, { depth: 9, showHidden: true })])

  await using queue = new Queue('process', { connection: url })
  for (const name of ['process', 'thread', 'inline']) {
    await using one = new Queue(name, { connection: url })
    const onFailure = './jobs#callback'
    await one.enqueue('jobs.add', [1, 2], { onSuccess: './jobs#callback' })
    await one.enqueue('jobs.fails', [], { onFailure })
    await one.enqueue('jobs.look')
    if (name === 'process') await one.enqueue('jobs.crash', [], { onFailure })
  }
  // From the environment, as a password should come.
  await using worker = spawnNode(project.path('worker.mjs'), [project.dir], { env: { RQ_REDIS_URL: url } })
  const [pids] = await Promise.all([descendants(worker), lookAround(queue, url, server.port, see)])
  for (const pid of pids) see(`cmdline of ${pid}`, cmdline(pid))
  see('stdout', worker.stdout)
  see('stderr', worker.stderr)
  await using storage = new RedisStorage({ connection: url })
  const state = await snapshotRedis(storage.client() as Parameters<typeof snapshotRedis>[0], '')
  see('redis', inspect(state, { depth: 9, maxStringLength: null, maxArrayLength: null }).replace(PACKED, unpacked))

  const shown = (where: string) => seen.filter(([name]) => name.startsWith(where)).map(([, text]) => text)
  // It has looked where there was something to see.
  expect(shown('stdout').join()).toMatch(/Job failed[\s\S]*Work-horse terminated unexpectedly/)
  expect(shown('cmdline').join('\n')).toMatch(/rq worker pond-1: listening on pool/)
  expect(shown('redis').join()).toMatch(/rq horse 1 of[\s\S]*jobs\.mjs|jobs\.mjs[\s\S]*rq horse 1 of/)
  expect(seen.filter(([, text]) => text.includes(CANARY)).map(([where]) => where)).toEqual([])
})

/** Every object of the library, and the errors of a wrong password and of a server that is not there. */
async function lookAround(queue: Queue, url: string, port: number, see: (where: string, what: unknown) => void) {
  const connection = url
  const job = await queue.enqueue('jobs.add', [1, 2], { jobId: 'seen' })
  const objects = {
    queue,
    job,
    fetched: await Job.fetch('seen', { connection }),
    registry: queue.failedJobRegistry,
    group: await Group.create({ connection, name: 'g' }),
    worker: new Worker(queue),
    simple: new SimpleWorker('a', { connection }),
    pool: new WorkerPool('a', { connection }),
    scheduler: new Scheduler('a', { connection }),
    cron: new CronScheduler({ connection }),
  }
  for (const [name, object] of Object.entries(objects)) {
    see(name, object)
    see(`${name} as JSON`, JSON.stringify(object) ?? '')
    see(`${name} as text`, String(object))
  }
  const wrong = `redis://:${CANARY}wrong@127.0.0.1:${port}`
  const away = `redis://user:${CANARY}@127.0.0.1:1/0?password=${CANARY}`
  for (const bad of [
    wrong,
    away,
    `redis://:${CANARY}@`,
    `http://:${CANARY}@host`,
    `redis://h/${CANARY}`,
    `redis://:%${CANARY}@h`,
    `redis://u:1?${CANARY}&1@h`,
    `${CANARY}`,
  ]) {
    const errors = await Promise.all([
      caught(async () => new Queue('x', { connection: bad }).enqueue('jobs.add')),
      caught(() => new Worker('x', { connection: bad, prefix: '*' }).work({ burst: true })),
      caught(() => suspend(bad)),
      caught(async () => new Worker('x', { connection: bad, concurrency: -1 })),
    ])
    for (const [at, error] of errors.entries()) see(`error ${at} of ${bad.slice(0, 8)}`, error)
  }
}

/** Errors are stored compressed, in base64. */
const PACKED = /eJ[A-Za-z0-9+/]{20,}=*/g
const unpacked = (text: string) => inflateSync(Buffer.from(text, 'base64')).toString()

async function caught(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    return error
  }
}

/** The worker and all that it has started, once its pool has a member with a horse. */
function descendants(worker: SpawnedProcess): Promise<number[]> {
  return eventually(() => {
    const pids = [worker.pid]
    for (let at = 0; at < pids.length; at++) pids.push(...childrenOf(pids[at] ?? 0))
    expect(pids.map(cmdline).filter((text) => text.startsWith('rq horse 1 of pond'))).toHaveLength(1)
    return pids
  })
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const [, ppid] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')
      return Number(ppid) === parent ? [Number(name)] : []
    } catch {
      return []
    }
  })
}

function cmdline(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

it.each([Queue, Worker, WorkerPool, Scheduler, SimpleWorker])(
  'does not repeat a URL that is taken for a name: %o',
  (Class) => {
    const make = () => new Class(`redis://ann:${CANARY}@127.0.0.1`)
    expect(make).toThrow(/got a URL, expected a name\. The address of Redis goes into the option connection\.$/)
    expect(make).not.toThrow(CANARY)
  },
)
