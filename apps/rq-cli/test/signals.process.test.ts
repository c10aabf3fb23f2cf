import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import {
  eventually,
  makeProject,
  patience,
  redisFixture,
  type SpawnedProcess,
  spawnProcess,
  startRedis,
  type TempDir,
} from '@rq/testkit'
import { Queue, Retry, Worker } from 'rq'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GATE_MODULE, makeGate } from './gate.ts'
import { start } from './program.ts'

const JOBS = `
import { existsSync, writeFileSync } from 'node:fs'
export const never = () => new Promise(() => {})
export const longAtFirst = (mark) => {
  if (existsSync(mark)) return 'second'
  writeFileSync(mark, '')
  return new Promise(() => {})
}
export const print = (lines) => { for (let n = 0; n < lines; n++) console.log('x'.repeat(1023)) }
export const exitLater = () => { setTimeout(() => process.exit(0), 50); return 'fine' }
export const throwLater = () => { setTimeout(() => { throw new Error('thrown late') }, 50); return 'fine' }
export const long = (ms) => new Promise((resolve) => setTimeout(resolve, Number(ms), 'done'))
`
const CRON = `
import { cron } from 'rq'
cron.register('jobs.long', { queueName: 'default', interval: 3600, args: [1] })
`
const HORSES = ['process', 'thread', 'inline']
const TYPESCRIPT = `
import { ten } from './ten.js'
interface Pair { readonly x: number; readonly y: number }
enum Sign { Plus = 1, Minus = -1 }
export const add = ({ x, y }: Pair): number => (x + y + ten) * Sign.Plus
`

let project: TempDir

beforeAll(async () => {
  project = await makeProject(
    {
      'jobs.mjs': JOBS,
      'gate.mjs': GATE_MODULE,
      'typed.ts': TYPESCRIPT,
      'cron.mjs': CRON,
      'ten.ts': 'export const ten: number = 10',
    },
    { packages: ['rq'] },
  )
  // As installed there.
  const loader = createRequire(import.meta.resolve('@rq/testkit')).resolve('tsx/package.json')
  await mkdir(project.path('node_modules'), { recursive: true })
  await symlink(dirname(loader), project.path('node_modules/tsx'), 'dir')
})

afterAll(async () => {
  await project[Symbol.asyncDispose]()
})

/** A Redis of its own and the program on it. */
async function openSite() {
  const redis = await startRedis()
  const queue = new Queue('default', { connection: redis.url })
  const options = { cwd: project.dir, env: { RQ_REDIS_URL: redis.url } }
  return {
    redis,
    queue,
    options,
    async worker(...args: string[]): Promise<SpawnedProcess> {
      const worker = start(['worker', ...args], options)
      await worker.output(/started, listening on/)
      return worker
    },
    async [Symbol.asyncDispose]() {
      await queue.close()
      await redis.stop()
    },
  }
}

/** A process that starts another one as the first of a namespace of process ids, as a container does. */
/** Of util-linux. */
const CONTAINER_TOOL = 'unshare'
const CONTAINER = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc']
const canContain = spawnSync(CONTAINER_TOOL, [...CONTAINER, 'true']).status === 0

/** Of util-linux, too; it opens a terminal. */
const TERMINAL_TOOL = 'script'
const hasTerminals = spawnSync(TERMINAL_TOOL, ['--quiet', '--command', 'true', '/dev/null']).status === 0

describe('a worker', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'that is idle leaves on %s, also while Redis is away',
    async (signal) => {
      await using site = await openSite()
      await using worker = await site.worker()
      await site.redis.kill()
      const begunMs = performance.now()
      worker.child.kill(signal)
      expect(await worker.exited).toMatchObject({ code: 0, signal: null })
      // A second is promised; the rest is for a machine with too much to do.
      expect(performance.now() - begunMs).toBeLessThan(10_000)
    },
  )

  test('that is busy while Redis is away keeps the outcome until it is back', async () => {
    await using site = await openSite()
    await using gate = await makeGate()
    const job = await site.queue.enqueue('gate.pass', [gate.file], { resultTtl: 60 })
    await using worker = await site.worker()
    await worker.output(/default: gate\.pass/)
    worker.child.kill('SIGTERM')
    await worker.output(/Warm shut down requested/)
    await site.redis.kill('SIGSTOP')
    await gate.open()
    await eventually(() => existsSync(gate.passedFile))
    expect(worker.child.exitCode).toBe(null)
    await site.redis.kill('SIGCONT')
    expect(await job.result({ timeout: patience(60) })).toBe('done')
    expect(await worker.exited).toMatchObject({ code: 0 })
  })

  test.each([
    ['worker', []],
    ['worker-pool', ['-n', '1']],
  ] as const)('%s gives its job back when the grace period is over', async (command, args) => {
    await using site = await openSite()
    const job = await site.queue.enqueue('jobs.never')
    await using worker = start([command, ...args, '--grace-period', '0.2'], site.options)
    await worker.output(/default: jobs\.never/)
    worker.child.kill('SIGTERM')
    expect(await worker.exited).toMatchObject({ code: 0 })
    expect(await job.getStatus()).toBe('queued')
  })

  test.each([
    ['worker', [], /started, listening on/],
    ['worker-pool', ['-n', '1'], /started, listening on/],
    ['scheduler', [], /moves due jobs into default/],
    ['cron', ['cron.mjs'], /started/],
  ] as const)('%s that is started before Redis waits for it, and says so', async (command, args, started) => {
    await using site = await openSite()
    await site.redis.kill()
    await using service = start([command, ...args], site.options)
    await service.output(/Waiting for Redis.*cannot be reached/)
    await site.redis.restart()
    await service.output(started)
    service.child.kill('SIGTERM')
    expect(await service.exited).toMatchObject({ code: 0 })
  })

  test('in a burst does not wait for Redis', async () => {
    await using site = await openSite()
    await site.redis.kill()
    await using worker = start(['worker', '--burst'], site.options)
    expect(await worker.exited).toMatchObject({ code: 3, stderr: expect.stringContaining('cannot be reached') })
    await site.redis.restart()
  })

  test.skipIf(!hasTerminals)('lets its job finish and leaves when its terminal is closed', async () => {
    await using site = await openSite()
    await using gate = await makeGate()
    const job = await site.queue.enqueue('gate.pass', [gate.file])
    const cli = new URL('../bin/rq-cli.js', import.meta.url).pathname
    const line = `${process.execPath} ${cli} worker`
    await using terminal = spawnProcess(TERMINAL_TOOL, ['--quiet', '--command', line, '/dev/null'], site.options)
    // Its status says so before the job begins, and until then the worker would give it back.
    await terminal.output(/gate\.pass/)
    terminal.child.kill('SIGKILL')
    await eventually(async () => {
      const [worker] = await Worker.all({ connection: site.redis.url })
      expect(worker?.shutdownRequestedMs).toBeDefined()
    })
    await gate.open()
    expect(await job.result({ timeout: patience(60) })).toBe('done')
    await eventually(async () => (await Worker.count({ connection: site.redis.url })) === 0)
  })

  test.each(['SIGQUIT'] as const)('that gets %s ends as any program, and its job is recovered', async (signal) => {
    await using redis = await redisFixture()
    const { client, prefix, url } = redis
    await using queue = new Queue('default', { connection: url, prefix })
    const mark = project.path(`${signal}-${prefix.slice(0, -1)}`)
    const job = await queue.enqueue('jobs.longAtFirst', [mark], { retry: new Retry({ max: 1 }) })
    const options = { cwd: project.dir, env: { RQ_REDIS_URL: url } }
    await using worker = start(['worker', '--prefix', prefix], options)
    await worker.output(/default: jobs\.longAtFirst/)
    await eventually(() => existsSync(mark))
    worker.child.kill(signal)
    expect(await worker.exited).toMatchObject({ signal })
    // As if the time of its lease were over.
    const wip = `${prefix}wip:default`
    for (const member of await client.zrange(wip, 0, '-1')) await client.zadd(wip, '1', member)
    await using next = start(['worker', '--burst', '--prefix', prefix], options)
    expect(await next.exited).toMatchObject({ code: 0, stderr: expect.stringContaining('abandoned by its worker') })
    await job.refresh()
    expect(await job.returnValue()).toBe('second')
    expect(job.retriesLeft).toBe(0)
  })

  test.each(['process', 'thread', 'inline'])('delivers all that its last job prints (%s)', async (horse) => {
    await using site = await openSite()
    await site.queue.enqueue('jobs.print', [4096])
    await using worker = start(['worker', '--burst', '--horse', horse], site.options)
    expect((await worker.exited).stdout.length).toBe(4096 * 1024)
  })

  test.each([
    ['exitLater', /A call of process\.exit\(\) of job late ends the process of this worker/],
    ['throwLater', /An uncaught error of job late ends the process of this worker[\s\S]*thrown late/],
  ] as const)('with inline horses that is ended by what a job left behind (%s) says so', async (name, text) => {
    await using site = await openSite()
    await site.queue.enqueue(`jobs.${name}`, [], { jobId: 'late' })
    await using worker = await site.worker('--horse', 'inline')
    expect((await worker.exited).stderr).toMatch(text)
  })

  test('ends at once at a second SIGTERM, whatever signals follow, and returns its job', async () => {
    await using site = await openSite()
    const job = await site.queue.enqueue('jobs.never')
    await using worker = await site.worker()
    await worker.output(/default: jobs\.never/)
    worker.child.kill('SIGTERM')
    await worker.output(/Warm shut down requested/)
    // The second signal counts when a second has passed, so signals are sent again and again until the process ends.
    const insisting = setInterval(() => worker.child.kill('SIGTERM'), 100)
    const { code, signal, stderr } = await worker.exited
    clearInterval(insisting)
    expect(code === 1 || signal === 'SIGTERM').toBe(true)
    expect(stderr.match(/Cold shut down requested/g)).toHaveLength(1)
    expect(await site.queue.getJobIds()).toEqual([job.id])
    expect(await job.getStatus()).toBe('queued')
  })

  test.skipIf(!canContain)('is stopped by SIGTERM as the first process of a container, its job done', async () => {
    await using site = await openSite()
    await using gate = await makeGate()
    const job = await site.queue.enqueue('gate.pass', [gate.file])
    const cli = new URL('../bin/rq-cli.js', import.meta.url).pathname
    await using outside = spawnProcess(CONTAINER_TOOL, [...CONTAINER, process.execPath, cli, 'worker'], site.options)
    await outside.output(/default: gate\.pass/)
    const [inside = 0] = childrenOf(outside.child.pid ?? 0)
    process.kill(inside, 'SIGTERM')
    await outside.output(/Warm shut down requested/)
    await gate.open()
    expect(await outside.exited).toMatchObject({ code: 0 })
    expect(outside.stderr).toMatch(/Warm shut down requested\n[\s\S]*Job OK/)
    expect(await job.getStatus()).toBe('finished')
    const again = await site.queue.enqueue('jobs.never')
    await using second = spawnProcess(CONTAINER_TOOL, [...CONTAINER, process.execPath, cli, 'worker'], site.options)
    await second.output(/default: jobs\.never/)
    const [first = 0] = childrenOf(second.child.pid ?? 0)
    process.kill(first, 'SIGTERM')
    await second.output(/Warm shut down requested/)
    const heardMs = performance.now()
    await eventually(() => performance.now() - heardMs > 1050)
    process.kill(first, 'SIGTERM')
    expect(await second.exited).toMatchObject({ code: 1 })
    expect(await again.getStatus()).toBe('queued')
  })

  test.each(HORSES)('runs functions of TypeScript files with --import tsx and --horse %s', async (horse) => {
    await using site = await openSite()
    const job = await site.queue.enqueue('typed.add', [{ x: 1, y: 2 }])
    await using worker = await site.worker('--burst', '--import', 'tsx', '--horse', horse)
    expect(await worker.exited).toMatchObject({ code: 0 })
    expect(await job.returnValue()).toBe(13)
  })

  test('loads tsx in threads from the environment too', async () => {
    await using site = await openSite()
    const job = await site.queue.enqueue('typed.add', [{ x: 1, y: 2 }])
    const env = { ...site.options.env, NODE_OPTIONS: '--import tsx' }
    await using worker = start(['worker', '--burst', '--horse', 'thread'], { ...site.options, env })
    expect(await worker.exited).toMatchObject({ code: 0 })
    expect(await job.returnValue()).toBe(13)
  })
})

describe('a pool', () => {
  test('counts two SIGTERM within a second as one, and lets the running job finish', async () => {
    await using site = await openSite()
    const job = await site.queue.enqueue('jobs.long', [1000])
    await using pool = start(['worker-pool', '--num-workers', '2'], site.options)
    await pool.output(/default: jobs\.long/)
    pool.child.kill('SIGTERM')
    pool.child.kill('SIGTERM')
    expect(await pool.exited).toMatchObject({ code: 0, signal: null })
    expect(await job.returnValue()).toBe('done')
  })
})

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  return stdout.trim().split(/\s+/).filter(Boolean).map(Number)
}
