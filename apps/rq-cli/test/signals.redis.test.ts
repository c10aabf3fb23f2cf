import { spawnSync } from 'node:child_process'
import { mkdir, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { eventually, makeProject, startRedis, type TempDir } from '@rq/testkit'
import { Queue } from 'rq'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Program, start } from './program.ts'

const JOBS = `
export const never = () => new Promise(() => {})
export const long = (ms) => new Promise((resolve) => setTimeout(resolve, Number(ms), 'done'))
`
const HORSES = ['process', 'thread', 'inline']
const TYPESCRIPT = `
import { ten } from './ten.js'
interface Pair { readonly x: number; readonly y: number }
enum Sign { Plus = 1, Minus = -1 }
export const add = ({ x, y }: Pair): number => (x + y + ten) * Sign.Plus
`

vi.setConfig({ testTimeout: 60_000 })

let project: TempDir

beforeAll(async () => {
  project = await makeProject({ 'jobs.mjs': JOBS, 'typed.ts': TYPESCRIPT, 'ten.ts': 'export const ten: number = 10' })
  // As installed there.
  const loader = createRequire(import.meta.resolve('@rq/testkit')).resolve('tsx/package.json')
  await mkdir(project.path('node_modules'))
  await symlink(dirname(loader), project.path('node_modules/tsx'), 'dir')
})

afterAll(async () => {
  await project[Symbol.asyncDispose]()
})

/** A Redis of its own and the program on it. */
async function house() {
  const redis = await startRedis()
  const queue = new Queue('default', { connection: redis.url })
  const options = { cwd: project.dir, env: { RQ_REDIS_URL: redis.url } }
  return {
    redis,
    queue,
    options,
    async worker(...args: string[]): Promise<Program> {
      const worker = start(['worker', ...args], options)
      await worker.written(/started, listening on/)
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

describe('a worker', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('that is idle leaves on %s, also while Redis is away', async (signal) => {
    await using test = await house()
    await using worker = await test.worker()
    await test.redis.kill()
    const begunMs = performance.now()
    worker.child.kill(signal)
    expect(await worker.ended).toMatchObject({ code: 0, signal: null })
    // A second is promised; the rest is for a machine with too much to do.
    expect(performance.now() - begunMs).toBeLessThan(10_000)
  })

  test('that is busy while Redis is away waits for it with the outcome', async () => {
    await using test = await house()
    const job = await test.queue.enqueue('jobs.long', [1500], { resultTtl: 60 })
    await using worker = await test.worker()
    await worker.written(/default: jobs\.long/)
    worker.child.kill('SIGTERM')
    await worker.written(/Warm shut down requested/)
    await test.redis.kill('SIGSTOP')
    await eventually(() => worker.child.exitCode === null && worker.stderr.includes('Warm'))
    await test.redis.kill('SIGCONT')
    expect(await job.result({ timeout: 20 })).toBe('done')
    expect(await worker.ended).toMatchObject({ code: 0 })
  })

  test.each([
    ['worker', []],
    ['worker-pool', ['-n', '1']],
  ] as const)('%s gives its job back when the grace period is over', async (command, args) => {
    await using test = await house()
    const job = await test.queue.enqueue('jobs.never')
    await using worker = start([command, ...args, '--grace-period', '0.2'], test.options)
    await worker.written(/default: jobs\.never/)
    worker.child.kill('SIGTERM')
    expect(await worker.ended).toMatchObject({ code: 0 })
    expect(await job.getStatus()).toBe('queued')
  })

  test('that is hung up, or asked to quit, ends as any program', async () => {
    await using test = await house()
    for (const signal of ['SIGHUP', 'SIGQUIT'] as const) {
      await using worker = await test.worker()
      worker.child.kill(signal)
      expect(await worker.ended).toMatchObject({ signal })
    }
  })

  test.skipIf(!canContain)('is stopped by SIGTERM as the first process of a container, its job done', async () => {
    await using test = await house()
    const job = await test.queue.enqueue('jobs.long', [1000])
    const cli = new URL('../bin/rq-cli.js', import.meta.url).pathname
    await using outside = new Program(CONTAINER_TOOL, [...CONTAINER, process.execPath, cli, 'worker'], test.options)
    await outside.written(/default: jobs\.long/)
    const [inside = 0] = childrenOf(outside.child.pid ?? 0)
    process.kill(inside, 'SIGTERM')
    expect(await outside.ended).toMatchObject({ code: 0 })
    expect(outside.stderr).toMatch(/Warm shut down requested\n[\s\S]*Job OK/)
    expect(await job.getStatus()).toBe('finished')
    const again = await test.queue.enqueue('jobs.never')
    await using second = new Program(CONTAINER_TOOL, [...CONTAINER, process.execPath, cli, 'worker'], test.options)
    await second.written(/default: jobs\.never/)
    const [first = 0] = childrenOf(second.child.pid ?? 0)
    process.kill(first, 'SIGTERM')
    const sinceMs = performance.now()
    await eventually(() => performance.now() - sinceMs > 1050)
    process.kill(first, 'SIGTERM')
    expect(await second.ended).toMatchObject({ code: 1 })
    expect(await again.getStatus()).toBe('queued')
  })

  test.each(HORSES)('runs functions of TypeScript files with --import tsx and --horse %s', async (horse) => {
    await using test = await house()
    const job = await test.queue.enqueue('typed.add', [{ x: 1, y: 2 }])
    await using worker = await test.worker('--burst', '--import', 'tsx', '--horse', horse)
    expect(await worker.ended).toMatchObject({ code: 0 })
    expect(await job.returnValue()).toBe(13)
  })

  test('has tsx in threads from the environment too', async () => {
    await using test = await house()
    const job = await test.queue.enqueue('typed.add', [{ x: 1, y: 2 }])
    const env = { ...test.options.env, NODE_OPTIONS: '--import tsx' }
    await using worker = start(['worker', '--burst', '--horse', 'thread'], { ...test.options, env })
    expect(await worker.ended).toMatchObject({ code: 0 })
    expect(await job.returnValue()).toBe(13)
  })
})

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  return stdout.trim().split(/\s+/).filter(Boolean).map(Number)
}
