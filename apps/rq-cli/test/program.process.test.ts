import { readFile, rm } from 'node:fs/promises'
import {
  type Ended,
  eventually,
  isRunning,
  makeProject,
  patience,
  type RedisFixture,
  redisFixture,
  type SpawnedProcess,
  type TempDir,
} from '@rq/testkit'
import { type EnqueueOptions, type Job, Queue, SimpleWorker, Worker } from 'rq'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GATE_MODULE, makeGate } from './gate.ts'
import { canOpenTerminal, run, start, startOnTerminal } from './program.ts'

const JOBS = `
export const add = (x, y) => Number(x) + Number(y)
export const fails = () => { throw new RangeError('out of range') }
export const never = () => new Promise(() => {})
`

const MORE_JOBS = `
import { isMainThread } from 'node:worker_threads'
export const place = () => ({ pid: process.pid, isMain: isMainThread, wasSetUp: globalThis.wasSetUp === true })
`

/** What the job `place` returns. */
interface Place {
  readonly pid: number
  readonly isMain: boolean
  readonly wasSetUp: boolean
}

/** A module without exports: its top level is all that it does. */
const SCRIPT = `
import { appendFileSync } from 'node:fs'
appendFileSync('ran.txt', process.pid + '\\n')
`

let project: TempDir

beforeAll(async () => {
  project = await makeProject({
    'jobs.mjs': JOBS + MORE_JOBS,
    'gate.mjs': GATE_MODULE,
    'setup.mjs': 'globalThis.wasSetUp = true',
    'node_modules/parcel/package.json': '{"name":"parcel","type":"module","exports":"./index.js"}',
    'node_modules/parcel/index.js': 'export const work = () => {}',
    'scripts/clean.mjs': SCRIPT,
    'tidy.mjs': SCRIPT,
  })
})

afterAll(async () => {
  await project[Symbol.asyncDispose]()
})

/** The program in a folder with jobs, over a Redis of its own. */
class Site implements AsyncDisposable {
  readonly redis: RedisFixture
  readonly options
  readonly queue: Queue

  constructor(redis: RedisFixture) {
    this.redis = redis
    this.queue = new Queue('default', { connection: redis.url, prefix: redis.prefix })
    this.options = { cwd: project.dir, env: { RQ_REDIS_URL: redis.url } }
  }

  args([command = '', ...rest]: readonly string[]): string[] {
    return [command, '--prefix', this.redis.prefix, ...rest]
  }

  run(...args: string[]): Promise<Ended> {
    return run(this.args(args), this.options)
  }

  /** A call of a function of the folder, without a process for it. */
  enqueue(name: string, args: readonly unknown[] = [], options: EnqueueOptions = {}): Promise<Job> {
    return this.queue.enqueue(`jobs.${name}`, args, options)
  }

  async job(id: string): Promise<Job> {
    const job = await this.queue.fetchJob(id)
    if (job === null) throw new Error(`There is no job ${id}.`)
    return job
  }

  /** The workers that are registered. */
  workers() {
    return Worker.all({ connection: this.redis.client, prefix: this.redis.prefix })
  }

  async counts() {
    const [queued, finished, workers] = await Promise.all([
      this.queue.count(),
      this.queue.finishedJobRegistry.count(),
      this.workers(),
    ])
    return { queued, finished, workers: workers.length }
  }

  async worker(...args: string[]): Promise<SpawnedProcess> {
    const worker = start(this.args(['worker', ...args]), this.options)
    await worker.output(/started, listening on/)
    return worker
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue.close()
    await this.redis[Symbol.asyncDispose]()
  }
}

async function openSite(): Promise<Site> {
  return new Site(await redisFixture())
}

describe('rq-cli', () => {
  test('--version prints the version of the package, and loads nothing else', async () => {
    const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
    expect(await run(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' })
    expect(await run(['worker', '--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
    const { stderr } = await run(['--version'], { env: { NODE_DEBUG: 'esm,module' } })
    expect(stderr).not.toMatch(/ioredis|yargs|packages\/rq\//)
  })

  test('--help loads the tables of options, but neither rq, yargs nor ioredis', async () => {
    const { code, stderr, stdout } = await run(['--help'], { env: { NODE_DEBUG: 'esm,module' } })
    expect(code).toBe(0)
    expect(stdout).toContain('rq-cli worker')
    expect(stderr).toMatch(/packages\/rq\/dist\/options\.js/)
    expect(stderr).not.toMatch(/ioredis|yargs\/|packages\/rq\/dist\/index\.js|packages\/worker\/dist\/index\.js/)
  })

  test('enqueues a job, runs it in a process of its own, and waits for it', async () => {
    await using site = await openSite()
    await using worker = await site.worker('--name', 'w1')
    const { code, stdout } = await site.run('enqueue', 'jobs.add', '1', '2', '--job-id', 'one', '--wait')
    expect(stdout).toBe("Enqueued jobs.add('1', '2') with job-id 'one'.\n3\n")
    expect(code).toBe(0)
    const failed = await site.run('enqueue', 'jobs.fails', '--wait', '--job-id', 'bad')
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(/^Error: Job bad failed\.\nRangeError: out of range\n {4}at fails /)
    await worker.output(/Job failed \(bad\)/)
    expect(worker.stdout).toBe('')
    expect(worker.stderr).toMatch(/^\d\d:\d\d:\d\d default: Job OK \(one\), took [\d.]+ m?s$/m)
  })

  test('runs a module from the top for every job, in one horse', async () => {
    await using site = await openSite()
    await rm(project.path('ran.txt'), { force: true })
    expect(await site.run('enqueue', './scripts/clean.mjs')).toMatchObject({ code: 0 })
    // What `enqueue` stores for a module by a dotted path, its file, or one word; packages/cli tests that it does.
    for (const module of ['scripts.clean', './scripts/clean', './tidy', './tidy']) await site.queue.enqueue(module)
    await site.queue.enqueue('./scripts/clean', ['argument'], { jobId: 'refused' })
    await site.queue.enqueue('./setup.mjs', [], { jobId: 'forbidden' })
    const { stderr } = await site.run('worker', '--burst', '--allow-script', 'scripts', '--allow-script', 'tidy')
    expect(stderr.match(/Job OK/g)).toHaveLength(5)
    expect(stderr).toMatch(
      /Job failed \(forbidden\)[\s\S]*setup\.mjs is a script; start the worker with --allow-script setup/,
    )
    expect(stderr).toMatch(/Job failed \(refused\)[\s\S]*takes no arguments/)
    const ran = (await readFile(project.path('ran.txt'), 'utf8')).trimEnd().split('\n')
    expect(ran).toHaveLength(5)
    expect(new Set(ran).size).toBe(1)
  })

  test('a burst processes all jobs and ends with 0', async () => {
    await using site = await openSite()
    await Promise.all([1, 2, 3].map((number) => site.enqueue('add', [number, 1])))
    expect(await site.run('worker', '--burst')).toMatchObject({ code: 0, stdout: '' })
    expect(await site.counts()).toEqual({ queued: 0, finished: 3, workers: 0 })
  })

  test('a pool runs several workers and ends with its burst', async () => {
    await using site = await openSite()
    await Promise.all([1, 2, 3].map((number) => site.enqueue('add', [number, 1])))
    const { code, stderr } = await site.run('worker-pool', '-n', '2', '--burst', '--name', 'pool')
    expect(code).toBe(0)
    expect(stderr).toMatch(/^\d\d:\d\d:\d\d default: jobs\.add\(1, 1\) \(\w+\), worker pool-[12]$/m)
    expect(stderr).toMatch(/^\d\d:\d\d:\d\d default: Job OK \(\w+\), took [\d.]+ m?s, worker pool-[12]$/m)
    expect(await site.counts()).toEqual({ queued: 0, finished: 3, workers: 0 })
  })

  test.each(['process', 'thread', 'inline'])(
    'jobs run in a %s by flag, after the modules of --import',
    async (horse) => {
      await using site = await openSite()
      await site.queue.enqueue('jobs.place', [], { jobId: 'one' })
      const flags = ['--horse', horse, '--burst', '--import', './setup.mjs', '--concurrency', '2']
      await using worker = start(site.args(['worker', ...flags]), site.options)
      expect(await worker.exited).toMatchObject({ code: 0 })
      const { pid, isMain, wasSetUp } = (await site.job('one').then((job) => job.returnValue())) as Place
      expect({ ownProcess: pid !== worker.child.pid, isMain, wasSetUp }).toEqual({
        ownProcess: horse === 'process',
        isMain: horse !== 'thread',
        wasSetUp: true,
      })
    },
  )

  test.each([
    ['worker', 'no-such-loader'],
    ['worker', '@acme/loader/register'],
    ['worker-pool', 'no-such-loader'],
  ])('%s says once that the package %s is not installed, before a horse starts', async (command, name) => {
    await using site = await openSite()
    const { code, stderr } = await site.run(command, '--import', name)
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /^Error: Invalid --import: got ".*", expected a package that is installed \(npm install .*\).*\n$/,
    )
  })

  test('help explains the codes of errors, and errors name theirs', async () => {
    const { code, stdout } = await run(['help', 'RQ_REDIS_UNREACHABLE'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^RQ_REDIS_UNREACHABLE\n\n\w/)
    const failed = await run(['--url', 'redis://127.0.0.1:1', 'info'])
    expect(failed.stderr).toMatch(/ \(See: rq-cli help RQ_REDIS_UNREACHABLE\)\n$/)
  })

  test('imports functions only from packages of --allow', async () => {
    await using site = await openSite()
    await site.queue.enqueue('parcel#work', [], { jobId: 'one' })
    expect((await site.run('worker', '--burst')).stderr).toMatch(/RQ_FUNCTION_NOT_ALLOWED.*parcel/)
    await (await site.job('one')).requeue()
    expect((await site.run('worker', '--burst', '--allow', 'parcel')).stderr).toContain('Job OK (one)')
  })

  test('SIGTERM stops a pool and all of its workers', async () => {
    await using site = await openSite()
    await using pool = start(site.args(['worker-pool', '-n', '2']), site.options)
    const pids = await eventually(async () => {
      const workers = await site.workers()
      expect(workers).toHaveLength(2)
      return workers.map(({ pid }) => pid)
    })
    expect(new Set(pids).size).toBe(2)
    pool.child.kill('SIGTERM')
    expect(await pool.exited).toMatchObject({ code: 0 })
    for (const pid of pids) expect(isRunning(pid)).toBe(false)
    expect(await site.workers()).toEqual([])
  })

  test('a signal lets a worker finish its job and end with 0', async () => {
    await using site = await openSite()
    await using gate = await makeGate()
    await using worker = await site.worker()
    await site.queue.enqueue('gate.pass', [gate.file], { jobId: 'held' })
    await worker.output(/default: gate\.pass/)
    worker.child.kill('SIGTERM')
    worker.child.kill('SIGTERM')
    await worker.output(/Warm shut down requested/)
    await gate.open()
    expect(await worker.exited).toMatchObject({ code: 0, signal: null })
    expect(worker.stderr).toMatch(/Warm shut down requested\n[\s\S]*Job OK \(held\)/)
    const job = await site.job('held')
    expect([await job.getStatus(), await job.returnValue()]).toEqual(['finished', 'done'])
  })

  test('a second signal, a second later, returns the job to its queue and ends with 1', async () => {
    await using site = await openSite()
    await using worker = await site.worker()
    await site.enqueue('never', [], { jobId: 'never' })
    await worker.output(/default: jobs\.never/)
    worker.child.kill('SIGINT')
    await worker.output(/Warm shut down requested/)
    const heardMs = performance.now()
    await eventually(() => performance.now() - heardMs > 1050)
    worker.child.kill('SIGINT')
    expect(await worker.exited).toMatchObject({ code: 1, signal: null })
    expect(await (await site.job('never')).getStatus()).toBe('queued')
    expect(await site.queue.getJobIds()).toEqual(['never'])
  })

  test('stop ends a running job', async () => {
    await using site = await openSite()
    await using worker = await site.worker()
    await site.enqueue('never', [], { jobId: 'never' })
    await worker.output(/default: jobs\.never/)
    expect(await site.run('stop', 'never')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^Asked worker \w+ to stop job never/),
    })
    await worker.output(/Job stopped by user \(never\)/)
    await eventually(async () => expect(await (await site.job('never')).getStatus()).toBe('stopped'))
  })

  test('ends quietly when the reader of its output ends', async () => {
    await using site = await openSite()
    await site.enqueue('add')
    await using program = start(site.args(['info', '-i', '0.01']), site.options)
    await program.output(/Updated/)
    program.child.stdout?.destroy()
    expect(await program.exited).toMatchObject({ code: 0, stderr: '' })
  })

  test('a worker continues when the reader of its log ends', async () => {
    await using site = await openSite()
    await using worker = await site.worker()
    worker.child.stderr?.destroy()
    const job = await site.enqueue('add', [1, 2])
    expect(await job.result({ timeout: patience(60) })).toBe(3)
    expect(worker.child.exitCode).toBe(null)
  })

  test('hides the password of its URL', async () => {
    await using site = await openSite()
    const { password } = new URL(site.redis.url)
    await using worker = start([...site.args(['worker']), '--url', site.redis.url, '--verbose'], site.options)
    await worker.output(/started, listening on/)
    if (process.platform === 'linux') {
      expect(await readFile(`/proc/${worker.child.pid}/cmdline`, 'utf8')).not.toContain(password)
    }
    const wrong = site.redis.url.replace(/:\d+(\/|$)/, ':1$1')
    const { code, stderr } = await run(['info', '--verbose', '--url', wrong])
    expect(code).toBe(3)
    expect(stderr).toContain('127.0.0.1:1')
    expect(stderr + worker.stderr).not.toContain(password)
  })

  test('takes its settings from the nearest configuration file', async () => {
    await using site = await openSite()
    const { url, prefix } = site.redis
    const settings = { redisUrl: url, prefix, queues: ['low'], name: 'configured', path: 'jobs' }
    await using folder = await makeProject({
      'rq.config.js': `export default ${JSON.stringify(settings)}`,
      'jobs/math.mjs': 'export const double = (x) => 2 * x',
      'a/b/file.txt': '',
    })
    const options = { cwd: folder.path('a/b'), env: { RQ_REDIS_URL: undefined, REDIS_URL: undefined } }
    await run(['enqueue', 'math.double', ':21', '--queue', 'low', '--job-id', 'one'], options)
    const { code, stderr } = await run(['worker', '--burst'], options)
    expect(code).toBe(0)
    expect(stderr).toContain('Worker configured started, listening on low')
    expect(stderr).toContain('low: Job OK (one)')
  })

  test('takes its settings from the named exports of the given configuration file', async () => {
    await using site = await openSite()
    const { url, prefix } = site.redis
    await using folder = await makeProject({
      'named.mjs': `export const redisUrl = ${JSON.stringify(url)}\nexport const prefix = ${JSON.stringify(prefix)}`,
      'broken.mjs': 'throw new TypeError("no settings today")',
    })
    await site.enqueue('add')
    const options = { cwd: folder.dir, env: { RQ_REDIS_URL: undefined, REDIS_URL: undefined } }
    const [flag, environment, broken, missing] = await Promise.all([
      run(['info', '--raw', '-c', 'named.mjs'], options),
      run(['info', '--raw'], { ...options, env: { ...options.env, RQ_CONFIG: 'named.mjs' } }),
      run(['info', '-c', 'broken.mjs'], options),
      run(['info', '-c', 'missing.mjs'], options),
    ])
    expect(flag.stdout).toMatch(/^queue default 1,/)
    expect(environment.stdout).toMatch(/^queue default 1,/)
    expect(broken).toMatchObject({ code: 2, stderr: expect.stringContaining('TypeError: no settings today') })
    expect(missing).toMatchObject({ code: 2, stderr: 'Error: There is no configuration file missing.mjs.\n' })
  })

  test('explains what a configuration in TypeScript needs', async () => {
    await using folder = await makeProject({ 'rq.config.ts': 'export default { redisUrl: "redis://x" as string }' })
    const { code, stderr } = await run(['info'], { cwd: folder.dir, env: { RQ_REDIS_URL: 'redis://localhost:1' } })
    if ('typescript' in process.features && process.features.typescript) expect(code).toBe(3)
    else
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("NODE_OPTIONS='--import tsx'"),
      })
  })
})

/** Without colours, and without what a terminal adds to line feeds. */
function stripped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences of a terminal are meant
  return text.replace(/\x1b\[\d+m|\r/g, '')
}

describe.skipIf(!canOpenTerminal)('on a terminal', () => {
  test('info has colours, and Ctrl-C ends --interval with 0', async () => {
    await using site = await openSite()
    await site.enqueue('add')
    await using program = startOnTerminal(site.args(['info', '-i', '0.05']), site.options)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences of a terminal are meant
    await program.output(/\x1b\[32m\|█\x1b\[39m 1, 0 executing[\s\S]*Updated[\s\S]*\x1b\[H[\s\S]*Updated/)
    program.child.stdin?.write('\x03')
    expect(await program.exited).toMatchObject({ code: 0 })
  })

  test('info fits a narrow terminal and a wide one, and --interval a low one', async () => {
    await using site = await openSite()
    await site.queue.enqueueMany(Array.from({ length: 20 }, () => Queue.prepareData('jobs.add', [])))
    const shown = async (columns: number): Promise<string[]> => {
      await using program = startOnTerminal(site.args(['info', '--only-queues']), site.options, { columns, rows: 24 })
      const { stdout } = await program.exited
      return stripped(stdout).split('\n')
    }
    const [wide = ''] = await shown(200)
    expect(wide).toMatch(/^default {6}\|█{20} 20, 0 executing, 0 finished, 0 failed$/)
    const [narrow = ''] = await shown(70)
    expect(narrow).toMatch(/^default {6}\|█+ 20, 0 executing, 0 finished, 0 failed$/)
    expect(narrow).toHaveLength(70)
    const size = { columns: 70, rows: 3 }
    await using low = startOnTerminal(site.args(['info', '-i', '0.05']), site.options, size)
    await low.output(/more lines/)
    low.child.stdin?.write('\x03')
    expect(await low.exited).toMatchObject({ code: 0 })
    for (const frame of stripped(low.stdout.replace('\x1b[2J', '')).split('\x1b[H').slice(1)) {
      expect(frame.split('\n').length).toBeLessThanOrEqual(3)
    }
  })

  test('NO_COLOR turns colours off', async () => {
    await using site = await openSite()
    await site.enqueue('add')
    const options = { ...site.options, env: { ...site.options.env, NO_COLOR: '1' } }
    await using program = startOnTerminal(site.args(['info']), options)
    const { code, stdout } = await program.exited
    expect(code).toBe(0)
    expect(stdout).toContain('|█ 1, 0 executing')
    expect(stdout).not.toContain('\x1b')
  })

  test('empty asks, and accepts only a clear yes', async () => {
    await using site = await openSite()
    await site.enqueue('add')
    const answer = async (typed: string): Promise<number | null> => {
      await using program = startOnTerminal(site.args(['empty', 'default']), site.options)
      await program.output(/Delete 1 jobs of default\? \[y\/N\] /)
      program.child.stdin?.write(typed)
      return (await program.exited).code
    }
    expect(await Promise.all(['\r', 'no\r', '\x03', '\x04'].map(answer))).toEqual([1, 1, 1, 1])
    expect(await site.redis.client.llen(`${site.redis.prefix}queue:default`)).toBe(1)
    expect(await answer('y\r')).toBe(0)
    expect(await site.redis.client.llen(`${site.redis.prefix}queue:default`)).toBe(0)
  })

  test('requeue shows its progress', async () => {
    await using site = await openSite()
    await Promise.all([site.enqueue('fails'), site.enqueue('fails')])
    await new SimpleWorker(site.queue, { importPaths: [project.dir] }).work({ burst: true })
    await using program = startOnTerminal(site.args(['requeue', '--queue', 'default', '--all']), site.options)
    const { code, stdout } = await program.exited
    expect(code).toBe(0)
    expect(stdout).toContain('Requeueing ')
    expect(stdout).toContain('2 jobs requeued to default queue')
  })

  test('Ctrl-C stops a worker warm', async () => {
    await using site = await openSite()
    await using program = startOnTerminal(site.args(['worker']), site.options)
    await program.output(/started, listening on/)
    program.child.stdin?.write('\x03')
    expect(await program.exited).toMatchObject({ code: 0, stdout: expect.stringContaining('Warm shut down requested') })
  })
})
