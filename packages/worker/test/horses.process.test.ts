import { existsSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { type Logger, silentLogger } from '@rq/core'
import { eventually, FakeClock, isRunning } from '@rq/testkit'
import { describe, expect, test, vi } from 'vitest'
import { type Fixture, fixture } from './fixture.ts'
import { nextEvent, running } from './running.ts'

const KINDS = ['process', 'thread', 'inline'] as const

describe.each(KINDS)('%s horses', (horse) => {
  test('run each job once and return its value', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const ids = Array.from({ length: 300 }, (_, n) => store.enqueue('./jobs#double', { args: [n] }))
    const worker = ctx.worker({ horse, concurrency: 2 })
    expect(await worker.work({ burst: true })).toBe(true)
    expect(ids.map((id) => store.value(id))).toEqual(ids.map((_, n) => n * 2))
    expect(store.settlements).toHaveLength(300)
    // The worker has at most three settling calls under way.
    expect(store.mostAtOnce).toBeLessThanOrEqual(3)
  })

  test('a burst without work returns false and leaves no registration', async () => {
    await using ctx = await fixture()
    expect(await ctx.worker({ horse }).work({ burst: true })).toBe(false)
    expect(ctx.store.registeredWorkers.size).toBe(0)
  })

  test('a job that throws is failed with its message and stack', async () => {
    await using ctx = await fixture()
    const id = ctx.store.enqueue('./jobs#fail', { args: ['out of ink'] })
    await ctx.worker({ horse }).work({ burst: true })
    expect(ctx.store.status(id)).toBe('failed')
    expect(ctx.store.latest(id)?.excString).toMatch(/out of ink[\s\S]*jobs\.js/)
  })

  // An inline horse has what its process has.
  test.skipIf(horse === 'inline')('the stack of an error names the source that a module was built from', async () => {
    const map = JSON.stringify({ version: 3, sources: ['source.ts'], names: [], mappings: 'AAAA' })
    const url = `data:application/json;base64,${Buffer.from(map).toString('base64')}`
    const built = `export function fail() { throw new Error('out of ink') }\n//# sourceMappingURL=${url}\n`
    await using ctx = await fixture({ 'built.js': built })
    const id = ctx.store.enqueue('./built#fail')
    await ctx.worker({ horse }).work({ burst: true })
    expect(ctx.store.latest(id)?.excString).toMatch(/at fail \(\S+\/source\.ts:1:1\)/)
  })

  test('a job that throws null, is not there, or cannot be read is failed', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const ids = [
      store.enqueue('./jobs#throwNull'),
      store.enqueue('./jobs#nowhere'),
      store.enqueue('./nowhere#add'),
      store.enqueue('node:child_process#execSync'),
      store.enqueue('./jobs#add', { data: 'not json at all' }),
    ]
    const last = store.enqueue('./jobs#add', { args: [1, 2] })
    await ctx.worker({ horse }).work({ burst: true })
    expect(ids.map((id) => store.status(id))).toEqual(ids.map(() => 'failed'))
    expect(store.value(last)).toBe(3)
  })

  test('a job that throws or returns something hostile ends in a defined state', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const thrown = ['proxy', 'getter', 'symbol', 'circular', 'long'].map((kind) =>
      store.enqueue('./jobs#throwHostile', { args: [kind], onFailure: { name: './jobs#nowhere', timeoutS: 5 } }),
    )
    const returned = ['proxy', 'thenable', 'function'].map((kind) =>
      store.enqueue('./jobs#returnHostile', { args: [kind] }),
    )
    const last = store.enqueue('./jobs#add', { args: [1, 2] })
    const heard: string[] = []
    await ctx.worker({ horse, exceptionHandlers: [(job) => heard.push(job.id)] }).work({ burst: true })
    expect(thrown.map((id) => store.status(id))).toEqual(thrown.map(() => 'failed'))
    for (const id of thrown) expect(store.latest(id)?.excString?.length).toBeLessThan(140_000)
    for (const id of returned) expect(store.status(id)).toMatch(/failed|finished/)
    expect(heard).toEqual(expect.arrayContaining(thrown))
    expect(store.value(last)).toBe(3)
  })

  test('a job that never settles is failed at its limit', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.enqueue('./jobs#never', { timeoutS: 1 })
    const next = store.enqueue('./jobs#add', { args: [1, 2] })
    await ctx.worker({ horse }).work({ burst: true })
    expect(store.latest(id)?.excString).toContain('Task exceeded maximum timeout value (1 seconds)')
    expect(store.value(next)).toBe(3)
  })

  test('a module that throws, cannot be parsed, or never ends to load fails its job', async () => {
    await using ctx = await fixture({
      'throws.js': "throw new Error('not today')\nexport const f = () => 1",
      'broken.js': 'export const = 1',
      'endless.js': 'await new Promise(() => {})\nexport const f = () => 1',
    })
    const { store } = ctx
    const throws = store.enqueue('./throws#f')
    const broken = store.enqueue('./broken#f')
    const endless = store.enqueue('./endless#f', { timeoutS: 1 })
    const next = store.enqueue('./jobs#add', { args: [1, 2] })
    await ctx.worker({ horse }).work({ burst: true })
    expect(store.latest(throws)?.excString).toContain('not today')
    expect(store.latest(broken)?.excString).toContain('broken.js')
    expect(store.latest(endless)?.excString).toContain('Task exceeded maximum timeout value (1 seconds)')
    expect(store.value(next)).toBe(3)
  })

  test('a module that failed to load is loaded again for the next job, or the error asks for a restart', async () => {
    const WAITING = "if (!existsSync(flag)) throw new Error('not there yet')"
    const flagged = (code: string) => `
      import { existsSync } from 'node:fs'
      const flag = new URL('flag', import.meta.url)
      ${code}`
    await using ctx = await fixture({
      'late.js': flagged(`${WAITING}\nexport const f = () => 'done'`),
      'imports-late.js': "export { f } from './late.js'",
      'runs-late.js': "import './late.js'",
      'handler.js': flagged("if (existsSync(flag)) throw new Error('no handler')\nexport const g = () => {}"),
    })
    const { store, project } = ctx
    const worker = ctx.worker({ horse, scripts: ['runs-late'] })
    await using _ = running(worker)
    const failed = [store.enqueue('./late#f'), store.enqueue('./imports-late#f'), store.enqueue('./runs-late')]
    await eventually(() => failed.every((id) => store.status(id) === 'failed'))
    for (const id of failed) expect(store.latest(id)?.excString).toContain('not there yet')
    await writeFile(project.path('flag'), '')
    const next = [
      store.enqueue('./late#f'),
      store.enqueue('./jobs#add', { args: [1, 2], onSuccess: { name: './handler#g', timeoutS: 5 } }),
      store.enqueue('./runs-late'),
      store.enqueue('./imports-late#f'),
    ]
    await eventually(() => next.every((id) => /failed|finished/.test(store.status(id) ?? '')))
    if (horse === 'inline') expect(store.latest(next[0] ?? '')?.excString).toContain('Restart the worker')
    else {
      expect(next.map((id) => store.status(id))).toEqual(['finished', 'failed', 'finished', 'finished'])
      expect(store.value(next[3] ?? '')).toBe('done')
    }
    expect(store.settlements).toHaveLength(failed.length + next.length)
  })

  test('a failed job with retries left is queued again', async () => {
    await using ctx = await fixture()
    const id = ctx.store.enqueue('./jobs#fail', { args: ['x'], retriesLeft: 2 })
    await ctx.worker({ horse }).work({ burst: true })
    expect(ctx.store.status(id)).toBe('failed')
    expect(ctx.store.settlements.map(({ to }) => to)).toEqual(['queued', 'queued', 'failed'])
  })
})

describe.each(['process', 'thread'] as const)('%s horses that can be killed', (horse) => {
  test('a busy loop is killed at its limit and the next job works', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.enqueue('./jobs#spin', { timeoutS: 1 })
    const next = store.enqueue('./jobs#add', { args: [1, 2] })
    await ctx.worker({ horse }).work({ burst: true })
    expect(store.status(id)).toBe('failed')
    expect(store.latest(id)?.excString).toMatch(/JobTimeoutError: Task exceeded maximum timeout value \(1 seconds\)$/)
    expect(store.value(next)).toBe(3)
  })
})

describe('a horse that ends with its job', () => {
  const ENDS = [
    ['exit', [0], 'exit code 0'],
    ['exit', [1], 'exit code 1'],
    ['kill', ['SIGKILL'], 'signal SIGKILL'],
    ['kill', ['SIGSEGV'], 'signal SIGSEGV'],
    ['rejectAside', [], 'exit code 1'],
  ] as const
  test.each(ENDS)('%s %j: the job is failed with "%s", and the worker goes on', async (func, args, text) => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.enqueue(`./jobs#${func}`, { args })
    const next = store.enqueue('./jobs#add', { args: [1, 2] })
    await ctx.worker().work({ burst: true })
    expect(store.latest(id)?.excString).toMatch(new RegExp(`Work-horse terminated unexpectedly; ${text}$`))
    expect(store.value(next)).toBe(3)
    if (func === 'rejectAside') expect(store.latest(id)?.excString).toContain('nobody caught this')
  })

  test.each([
    ['exit', [0], 'exit code 0'],
    ['exit', [1], 'exit code 1'],
    ['rejectAside', [], 'exit code 1'],
  ] as const)('a thread, by %s %j: the job is failed with "%s", and the worker goes on', async (func, args, text) => {
    await using ctx = await fixture()
    const { store } = ctx
    const id = store.enqueue(`./jobs#${func}`, { args })
    const next = store.enqueue('./jobs#add', { args: [1, 2] })
    await ctx.worker({ horse: 'thread' }).work({ burst: true })
    expect(store.latest(id)?.excString).toMatch(new RegExp(`Work-horse terminated unexpectedly; ${text}$`))
    expect(store.value(next)).toBe(3)
  })

  test('a full heap fails the job', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    vi.stubEnv('NODE_OPTIONS', '--max-old-space-size=50')
    const id = store.enqueue('./jobs#heap')
    const next = store.enqueue('./jobs#add', { args: [1, 2] })
    await ctx.worker().work({ burst: true })
    vi.unstubAllEnvs()
    expect(store.latest(id)?.excString).toMatch(/Work-horse terminated unexpectedly; (signal SIGABRT|exit code 134)/)
    expect(store.value(next)).toBe(3)
  })

  test('jobs handed over behind it are run by another horse, each once', async () => {
    await using ctx = await fixture()
    const { store, project } = ctx
    const marks = project.path('marks')
    const ids = Array.from({ length: 200 }, (_, n) =>
      n % 50 === 40
        ? store.enqueue('./jobs#exit', { args: [3] })
        : store.enqueue('./jobs#mark', { args: [marks, String(n)] }),
    )
    await ctx.worker({ concurrency: 2 }).work({ burst: true })
    expect(ids.map((id) => store.status(id))).toEqual(ids.map((_, n) => (n % 50 === 40 ? 'failed' : 'finished')))
    const lines = (await readFile(marks, 'utf8')).trim().split('\n')
    expect(lines.length).toBe(196)
    expect(new Set(lines).size).toBe(196)
  })

  test.each(['process', 'thread'] as const)(
    'when it ends after the job, the job stays finished (%s)',
    async (horse) => {
      await using ctx = await fixture()
      const { store } = ctx
      const id = store.enqueue('./jobs#throwLater')
      const worker = ctx.worker({ horse })
      const ended = nextEvent(worker, 'horse:ended')
      await using _ = running(worker)
      await ended
      expect(store.value(id)).toBe('fine')
      const next = store.enqueue('./jobs#add', { args: [1, 2] })
      await eventually(() => store.value(next) === 3)
    },
  )

  test.each(
    (['process', 'thread'] as const).flatMap((horse) =>
      ['throw', 'reject', 'exit'].map((kind) => [horse, kind] as const),
    ),
  )(
    'when an ended job strikes (%s, %s), the one that runs is run again, and no attempt is spent',
    async (horse, kind) => {
      await using ctx = await fixture({
        'cb.js':
          "import { writeFileSync } from 'node:fs'\nexport const note = (job) => writeFileSync(job.args[0] + '.failed', '')",
      })
      const { project, store } = ctx
      const file = project.path('runs')
      const culprit = store.enqueue('./jobs#leaveBehind', { args: [kind, file] })
      const victim = store.enqueue('./jobs#markFirstThenWait', {
        args: [file],
        retriesLeft: 1,
        onFailure: { name: './cb#note', timeoutS: 60 },
      })
      const lines: string[] = []
      const logger: Logger = { ...silentLogger, error: (line) => void lines.push(line), child: () => logger }
      await ctx.worker({ horse, logger }).work({ burst: true })
      expect([store.value(culprit), store.value(victim)]).toEqual(['fine', 'second'])
      expect(store.data.record(victim)).toMatchObject({ retriesLeft: 1 })
      expect(store.givenBack.map(({ jobId }) => jobId)).toEqual([victim])
      expect(lines).toContainEqual(expect.stringContaining(`What job ${culprit} left behind has ended work-horse 1`))
      expect(existsSync(`${file}.failed`)).toBe(false)
    },
  )

  test('the work-horse killed handler hears of it', async () => {
    await using ctx = await fixture()
    const id = ctx.store.enqueue('./jobs#kill', { args: ['SIGKILL'] })
    const heard: unknown[] = []
    const worker = ctx.worker({
      workHorseKilledHandler: (job, pid, code, signal) => heard.push([job.id, typeof pid, code, signal]),
    })
    await worker.work({ burst: true })
    expect(heard).toEqual([[id, 'number', null, 'SIGKILL']])
  })
})

describe.each(['process', 'thread'] as const)('a %s horse that an ended job has left blocked', (horse) => {
  async function blocked() {
    const ctx = await fixture()
    const marks = ctx.project.path('marks')
    const worker = ctx.worker({ horse })
    const work = running(worker)
    const first = ctx.store.enqueue('./jobs#blockAfterwards', { args: [marks] })
    await eventually(() => readFile(marks))
    await eventually(() => ctx.store.value(first) === 'fine')
    return {
      store: ctx.store,
      worker,
      async [Symbol.asyncDispose]() {
        await ctx[Symbol.asyncDispose]()
        await work[Symbol.asyncDispose]()
      },
    }
  }

  test.concurrent('is replaced, and the jobs that it was given run without an attempt spent', async () => {
    await using ctx = await blocked()
    const { store } = ctx
    // Less than what passes until the horse counts as blocked, and enough for a busy machine.
    const next = [1, 2, 3].map((n) => store.enqueue('./jobs#add', { args: [n, n], timeoutS: 8 }))
    await eventually(() => next.every((id) => store.status(id) === 'finished'))
    expect(next.map((id) => store.value(id))).toEqual([2, 4, 6])
    expect(store.settlements.map(({ to }) => to)).toEqual(['finished', 'finished', 'finished', 'finished'])
  })

  test.concurrent('does not keep a worker from stopping: its jobs go back', async () => {
    await using ctx = await blocked()
    const { store } = ctx
    const next = store.enqueue('./jobs#add', { args: [1, 2] })
    await eventually(() => store.status(next) === 'started')
    await ctx.worker.stop()
    expect(store.status(next)).toBe('queued')
    expect(store.settlements).toHaveLength(1)
  })
})

describe.each(['process', 'thread'] as const)('a %s horse that is blocked at the time limit of a job', (horse) => {
  /** @param blocks - how often the horse of the second job is blocked: only then does time pass for the worker. */
  async function burst(
    enqueue: (ctx: Fixture, marks: string) => readonly [string, string],
    { blocked = (marks: string) => `${marks}.blocked`, blocks = 1 } = {},
  ) {
    await using ctx = await fixture({
      'cb.js':
        "import { writeFileSync } from 'node:fs'\nexport const note = (job) => writeFileSync(job.args[0] + '.failed', '')",
    })
    const { project, store } = ctx
    const marks = project.path('marks')
    const ids = enqueue(ctx, marks)
    const lines: { line: string; fields: unknown }[] = []
    const warn = (line: string, fields?: unknown) => void lines.push({ line, fields })
    const logger: Logger = { ...silentLogger, warn, child: () => logger }
    const clock = new FakeClock()
    const worker = ctx.worker({ horse, logger, clock })
    let killed = 0
    worker.on('horse:ended', () => killed++)
    const working = worker.work({ burst: true })
    const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n').length - 1
    for (let block = 1; block <= blocks; block++) {
      await eventually(() => linesOf(blocked(marks)) === block)
      await eventually(() => {
        clock.advance(20)
        return killed === block
      })
    }
    await working
    expect(store.givenBack).toEqual([])
    return {
      ids,
      inDoubt: lines.filter(({ line }) => line.includes('runs once more')),
      runs: (await readFile(marks, 'utf8')).trim().split('\n'),
      settlements: store.settlements.filter(({ jobId }) => jobId === ids[1]),
      store,
      hasFailed: existsSync(`${marks}.failed`),
    }
  }

  const never = (marks: string) => `${marks}.never`
  const onFailure = { name: './cb#note', timeoutS: 60 }
  const TIMEOUT = 'JobTimeoutError: Task exceeded maximum timeout value (1 seconds)'

  test('by what another job left behind: the job runs again in another one, and no attempt is spent', async () => {
    const { hasFailed, ids, inDoubt, settlements, store } = await burst(({ store }, marks) => [
      store.enqueue('./jobs#leaveBehind', { args: ['block', marks] }),
      store.enqueue('./jobs#markFirstThenWait', { args: [marks], timeoutS: 1, retriesLeft: 1, onFailure }),
    ])
    const [culprit, victim] = ids
    expect([store.value(culprit), store.value(victim)]).toEqual(['fine', 'second'])
    expect(store.data.record(victim)).toMatchObject({ retriesLeft: 1 })
    expect(settlements).toHaveLength(1)
    expect(hasFailed).toBe(false)
    expect(inDoubt).toEqual([
      { line: expect.stringContaining(victim), fields: expect.objectContaining({ earlierJobs: culprit }) },
    ])
    expect(inDoubt[0]?.line).toContain('in work-horse 1')
  })

  test('by itself, after it waited and where another job left something behind: it fails after a second run', async () => {
    const { hasFailed, ids, inDoubt, runs, settlements, store } = await burst(
      ({ store }, marks) => [
        store.enqueue('./jobs#leaveBehind', { args: ['block', never(marks)] }),
        store.enqueue('./jobs#markThenWaitThenBlock', { args: [marks], timeoutS: 1, onFailure }),
      ],
      { blocks: 2 },
    )
    expect(store.latest(ids[1])?.excString).toContain(TIMEOUT)
    expect(runs).toHaveLength(2)
    expect(new Set(runs).size).toBe(horse === 'process' ? 2 : 1)
    expect(settlements.map(({ to }) => to)).toEqual(['failed'])
    expect(inDoubt).toHaveLength(1)
    expect(hasFailed).toBe(true)
  })

  test.each([
    ['before it waits', 'leaveBehind', 'markThenBlockFor'],
    ['where no job left anything behind', 'add', 'markThenWaitThenBlock'],
  ])('by itself, %s: it fails after one run', async (_, before, blocks) => {
    const { ids, inDoubt, runs, store } = await burst(
      ({ store }, marks) => [
        store.enqueue(`./jobs#${before}`, { args: ['block', never(marks)] }),
        store.enqueue(`./jobs#${blocks}`, { args: [marks, 600_000], timeoutS: 1 }),
      ],
      blocks === 'markThenBlockFor' ? { blocked: (marks) => marks } : {},
    )
    expect(store.status(ids[0])).toBe('finished')
    expect(store.latest(ids[1])?.excString).toContain(TIMEOUT)
    expect(runs).toHaveLength(1)
    expect(inDoubt).toEqual([])
  })
})

/** Let a worker run a job until that has written a process id, and kill its horse. Returns the id. */
async function killedWhenWritten(ctx: Fixture, file: string): Promise<number> {
  const worker = ctx.worker({ name: 'ann' })
  // The file may be there before the worker has heard that the job has begun: then no horse would be busy for it.
  const begun = nextEvent(worker, 'job:started')
  const working = worker.work({ burst: true })
  await begun
  const pid = await eventually(() => Number(readFileSync(file, 'utf8')) || expect.fail('nothing is written'))
  ctx.store.send('ann', { command: 'kill-horse' })
  await working
  return pid
}

describe('a process horse', () => {
  test('is reused, has a title, and its own process group', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const pids = [store.enqueue('./jobs#pid'), store.enqueue('./jobs#pid'), store.enqueue('./jobs#title')]
    await ctx.worker({ name: 'ann' }).work({ burst: true })
    expect(store.value(pids[0] ?? '')).toBe(store.value(pids[1] ?? ''))
    expect(store.value(pids[0] ?? '')).not.toBe(process.pid)
    expect(store.value(pids[2] ?? '')).toBe('rq horse 1 of ann')
  })

  test('is given up when a function ignores its signal and goes on', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const first = store.enqueue('./jobs#pid')
    const ignorant = store.enqueue('./jobs#never', { timeoutS: 1 })
    const second = store.enqueue('./jobs#pid')
    await ctx.worker().work({ burst: true })
    expect(store.latest(ignorant)?.excString).toMatch(
      /JobTimeoutError: Task exceeded maximum timeout value \(1 seconds\)$/,
    )
    expect(store.value(second)).not.toBe(store.value(first))
  })

  test('takes the processes it started with it when it is killed', async () => {
    await using ctx = await fixture()
    const { store, project } = ctx
    const file = project.path('child-pid')
    store.enqueue('./jobs#spawnChild', { args: [file] })
    const pid = await killedWhenWritten(ctx, file)
    await eventually(() => !isRunning(pid))
  })

  test('leaves alone what its job has set apart, which outlives it', async () => {
    await using ctx = await fixture()
    const { store, project } = ctx
    const file = project.path('child-pid')
    store.enqueue('./jobs#setApart', { args: [file] })
    const pid = await killedWhenWritten(ctx, file)
    expect(isRunning(pid)).toBe(true)
    process.kill(pid, 'SIGKILL')
  })

  test('is replaced after a number of jobs', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const ids = Array.from({ length: 9 }, () => store.enqueue('./jobs#pid'))
    // Also when it could get many short jobs at once.
    await ctx.worker({ horseMaxJobs: 3 }).work({ burst: true })
    expect(new Set(ids.map((id) => store.value(id))).size).toBe(3)
  })

  test('a thread is measured by what it holds itself, and replaced when that is too much', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const ids = Array.from({ length: 3 }, () => store.enqueue('./jobs#threadId'))
    // Less than any process of Node has, more than a thread.
    await ctx.worker({ horse: 'thread', horseMaxBytes: 40e6, prefetch: { most: 0 } }).work({ burst: true })
    expect(new Set(ids.map((id) => store.value(id))).size).toBe(1)
    const greedy = store.enqueue('./jobs#keep', { args: [60e6] })
    // Its memory is looked at once a second.
    store.enqueue('./jobs#wait', { args: [1100] })
    const next = store.enqueue('./jobs#threadId')
    await ctx.worker({ horse: 'thread', horseMaxBytes: 40e6, prefetch: { most: 0 } }).work({ burst: true })
    expect(store.value(next)).not.toBe(store.value(greedy))
  })

  test('is replaced when it holds too much memory', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const ids = Array.from({ length: 2 }, () => store.enqueue('./jobs#pid'))
    await ctx.worker({ horseMaxBytes: 1, prefetch: { most: 0 } }).work({ burst: true })
    expect(new Set(ids.map((id) => store.value(id))).size).toBe(2)
  })

  test('gets back what a job changes of its process, but not what a module sets', async () => {
    await using ctx = await fixture({ 'loaded.js': "process.env.LOADED = 'by a module'" })
    const { project, store } = ctx
    const before = store.enqueue('./jobs#processState')
    store.enqueue('./jobs#changeProcess', { args: [project.path('loaded.js')] })
    // The title is looked at now and then.
    store.enqueue('./jobs#wait', { args: [100] })
    const after = store.enqueue('./jobs#processState')
    await ctx.worker().work({ burst: true })
    const [was, is] = [store.value(before), store.value(after)] as [string[], string[]]
    expect(is).toEqual([...was.slice(0, -1), 'by a module'])
    expect(was.at(-1)).toBe('undefined')
  })

  test('survives huge results, output, and a changed directory', async () => {
    await using ctx = await fixture()
    const { store } = ctx
    const big = store.enqueue('./jobs#big', { args: [3_000_000] })
    const moved = store.enqueue('./jobs#chdir', { args: ['/'] })
    const after = store.enqueue('./jobs#cwd')
    const next = store.enqueue('./jobs#add', { args: [1, 2] })
    await ctx.worker().work({ burst: true })
    expect(String(store.value(big)).length).toBe(3_000_000)
    expect(store.value(moved)).toBe('/')
    expect(store.value(after)).toBe(process.cwd())
    expect(store.value(next)).toBe(3)
  })

  test('that cannot load its imports is tried five times, then the worker says why', async () => {
    // Hushed, as the jobs that end their horse.
    const bad = `
      import { closeSync, openSync } from 'node:fs'
      closeSync(2)
      openSync('/dev/null', 'a')
      throw new Error('no such luck')`
    await using ctx = await fixture({ 'bad.js': bad })
    const id = ctx.store.enqueue('./jobs#add', { args: [1, 2] })
    const working = ctx.worker({ imports: [ctx.project.path('bad.js')] }).work()
    await expect(working).rejects.toThrow(/No work-horse could be started in 5 attempts/)
    expect(ctx.store.status(id)).toBe('queued')
    expect(ctx.store.registeredWorkers.size).toBe(0)
  })
})

describe('a thread horse', () => {
  test('of a worker without a loader says what can be done for TypeScript', async () => {
    await using ctx = await fixture({ 'typed.ts': 'enum E { A }\nexport const f = () => E.A' })
    const id = ctx.store.enqueue('./typed#f')
    await ctx.worker({ horse: 'thread' }).work({ burst: true })
    expect(ctx.store.latest(id)?.excString).toMatch(/typed\.ts[\s\S]*(--import tsx, or run jobs in processes|enum)/)
  })
})
