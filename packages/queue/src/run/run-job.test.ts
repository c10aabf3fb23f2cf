import { deflateSync } from 'node:zlib'
import { deferred, RqError } from '@rq/core'
import { type AnyFunction, checkLimits, dumpCall, type JobRecord, type Outcome, Retry, readPayload } from '@rq/job'
import { defaultSerializer } from '@rq/serializer'
import { TestStorage } from '@rq/testkit/memory-storage'
import { describe, expect, it, vi } from 'vitest'
import { JobTimeoutError } from '../failure/job-errors.ts'
import { Job } from '../job/job.ts'
import { SizeLimits } from '../payload/size-limits.ts'
import { getCurrentJob } from './current-job.ts'
import { runFailureCallback, runStoppedCallback } from './run-callback.ts'
import { attemptJob, type RunInput, STOPPED_TEXT } from './run-job.ts'

interface Plan {
  func: AnyFunction
  args?: unknown[]
  kwargs?: Record<string, unknown>
  onSuccess?: AnyFunction
  onFailure?: AnyFunction
  onStopped?: AnyFunction
  callbackTimeoutS?: number
  signal?: AbortSignal
  record?: Partial<JobRecord>
}

function inputOf(plan: Plan): RunInput & { callbacks: [string, number][]; storage: TestStorage } {
  const storage = new TestStorage()
  const functions: Record<string, AnyFunction | undefined> = { ...plan } as never
  const call = { func: 'func', args: plan.args ?? [], kwargs: plan.kwargs ?? {} }
  const record: JobRecord = {
    id: 'id',
    origin: 'q',
    status: 'queued',
    data: dumpCall(defaultSerializer, call),
    createdAtMs: 1,
    results: 'hash',
    ...plan.record,
  }
  for (const kind of ['onSuccess', 'onFailure', 'onStopped'] as const) {
    if (plan[kind] !== undefined) record[kind] = { name: kind, timeoutS: plan.callbackTimeoutS ?? 60 }
  }
  const callbacks: [string, number][] = []
  return {
    record,
    context: { storage, serializer: defaultSerializer },
    executionId: 'execution',
    loader: {
      load: async (reference) => {
        const found = functions[reference]
        if (found === undefined) throw new RqError('RQ_FUNCTION_NOT_FOUND', `no ${reference}`)
        return found
      },
    },
    signal: plan.signal ?? new AbortController().signal,
    onCallback: (kind, timeoutS) => callbacks.push([kind, timeoutS]),
    callbacks,
    storage,
  }
}

const runJob = async (input: RunInput) => (await attemptJob(input)).outcome
const run = (plan: Plan) => runJob(inputOf(plan))
const returned = (outcome: Outcome) =>
  outcome.kind === 'returned' && outcome.value !== undefined ? readPayload(defaultSerializer, outcome.value) : undefined
const errorOf = (outcome: Outcome) => ('error' in outcome ? outcome.error : undefined)
const lastLineOf = (outcome: Outcome) => errorOf(outcome)?.split('\n').at(-1)

describe('attemptJob', () => {
  it('calls the function with its arguments and serializes what it returns', async () => {
    expect(returned(await run({ func: (x: number, y: number) => x + y, args: [3, 4] }))).toBe(7)
    expect(returned(await run({ func: async () => new Map([[1, 2]]) }))).toEqual(new Map([[1, 2]]))
  })

  it('makes no promise for a function that was loaded before, returns at once and has no callbacks', () => {
    const input = inputOf({ func: (x: number) => x + 1, args: [1] })
    const loaded = (func: AnyFunction) => ({ ...input, loader: { ...input.loader, loaded: () => func } })
    expect(attemptJob(loaded((x) => x + 1))).toMatchObject({ outcome: { kind: 'returned', value: '2' } })
    expect(attemptJob(loaded(() => new Retry({ max: 1 })))).toMatchObject({ outcome: { kind: 'returned_retry' } })
    expect(attemptJob(loaded(async () => 1))).toBeInstanceOf(Promise)
  })

  it('has one handle for a run, whose times and status are those of the run', async () => {
    const seen: (Job | undefined)[] = []
    const see = () => void seen.push(getCurrentJob())
    const startedAt: (Date | undefined)[] = []
    const func = async () => {
      see()
      await null
      see()
      startedAt.push(getCurrentJob()?.startedAt)
    }
    const outcome = await run({ func, onSuccess: see })
    expect(new Set(seen).size).toBe(1)
    expect(startedAt).toEqual([new Date(outcome.startedAtMs)])
    expect(seen[0]?.endedAt).toEqual(new Date(outcome.endedAtMs))
    expect(await seen[0]?.getStatus({ refresh: false })).toBe('finished')
  })

  it('gives keyword arguments last, and only when there are any', async () => {
    const func = (...args: unknown[]) => args
    expect(returned(await run({ func, args: [1], kwargs: { a: 2 } }))).toEqual([1, { a: 2 }])
    expect(returned(await run({ func, args: [1] }))).toEqual([1])
  })

  it('fails when the return value is too large, and says so to the failure callback', async () => {
    const onFailure = vi.fn()
    const onSuccess = vi.fn()
    const input = inputOf({ func: () => 'x'.repeat(2000), onFailure, onSuccess })
    const limits = new SizeLimits(checkLimits({ result: 2000 }))
    const outcome = await runJob({ ...input, context: { ...input.context, limits } })
    expect(lastLineOf(outcome)).toMatch(/^RqError \[RQ_TOO_LARGE\]: Too large: return value of func, 2002 bytes;/)
    expect(onFailure.mock.calls[0]?.slice(2)).toEqual(['RqError', expect.any(RqError), errorOf(outcome)])
    expect(onSuccess).not.toHaveBeenCalled()
  })

  it('does not call the function when the stored arguments are too large, or inflate to too much', async () => {
    const func = vi.fn()
    const bomb = deflateSync(Buffer.alloc(2_000_000, ' '))
    for (const [data, limits] of [
      [undefined, { arguments: 1000 }],
      [bomb, { inflated: '1mb' }],
    ] as const) {
      const input = inputOf({ func, args: ['x'.repeat(1000)], ...(data && { record: { data } }) })
      const context = { ...input.context, limits: new SizeLimits(checkLimits(limits)) }
      expect(lastLineOf(await runJob({ ...input, context }))).toMatch(/^RqError \[RQ_TOO_LARGE\]: Too large: /)
    }
    expect(func).not.toHaveBeenCalled()
  })

  it('inflates no data that were inflated to check a signature', async () => {
    const input = inputOf({ func: (n: number) => n, args: [7] })
    const record = { ...input.record, data: deflateSync('nothing that could be read') }
    const outcome = await runJob({ ...input, record, inflated: input.record.data })
    expect(returned(outcome)).toBe(7)
  })

  it.each([undefined, null])('stores no value for %s', async (value) => {
    expect(await run({ func: () => value })).toEqual({
      kind: 'returned',
      startedAtMs: expect.any(Number),
      endedAtMs: expect.any(Number),
    })
  })

  const circular: unknown[] = []
  circular.push(circular)
  const UNWRITABLE: readonly [unknown, string][] = [
    [() => {}, 'value: it is a function.'],
    [{ list: [1, { at: new Date(Number.NaN) }] }, 'value.list[1].at: it is an invalid Date.'],
    [circular, 'value[0]: it refers back to an object that contains it.'],
  ]

  it('fails when the return value cannot be serialized, names its place, and says so to the failure callback', async () => {
    for (const [value, why] of UNWRITABLE) {
      const [onFailure, onSuccess] = [vi.fn(), vi.fn()]
      const outcome = await run({ func: () => value, onFailure, onSuccess })
      expect(lastLineOf(outcome)).toBe(
        `RqError [RQ_SERIALIZATION]: Cannot store the return value of func: Cannot serialize ${why}`,
      )
      const details = { path: why.slice(0, why.indexOf(':')) }
      expect(onFailure.mock.calls[0]?.[3]).toMatchObject({ code: 'RQ_SERIALIZATION', details })
      expect(onSuccess).not.toHaveBeenCalled()
    }
  })

  it('succeeds with the placeholder of RQ in its dialect, and where that is asked for', async () => {
    for (const [value, why] of UNWRITABLE) {
      const input = inputOf({ func: () => value })
      const asked = await runJob({ ...input, unserializableResult: 'placeholder' })
      for (const outcome of [await run({ func: () => value, record: { results: 'stream' } }), asked]) {
        expect(returned(outcome)).toBe('Unserializable return value')
        expect(outcome).toMatchObject({ kind: 'returned', unwritten: `Cannot serialize ${why}` })
      }
    }
    expect(await run({ func: () => 1, record: { results: 'stream' } })).not.toHaveProperty('unwritten')
  })

  it.each(['hash', 'stream'] as const)('fails when it returns a generator, with results in a %s', async (results) => {
    async function* later() {}
    function* now() {}
    for (const func of [() => now(), () => later()]) {
      const outcome = await run({ func, record: { results } })
      expect(lastLineOf(outcome)).toMatch(/Cannot store the return value of func: .* it is of type (Async)?Generator/)
    }
  })

  it.each<[string, unknown]>([
    ['a Promise', Promise.resolve('"x"')],
    ['null', null],
    ['an ArrayBuffer', new ArrayBuffer(1)],
  ])('fails when the serializer returns %s for a value', async (shown, dumped) => {
    const input = inputOf({ func: () => 1 })
    const serializer = { ...defaultSerializer, dumps: () => dumped as string }
    const outcome = await runJob({ ...input, context: { ...input.context, serializer } })
    const error = expect.stringContaining(`[RQ_SERIALIZATION]: dumps() of the serializer "superjson" returned ${shown}`)
    expect(outcome).toMatchObject({ kind: 'raised', error })
  })

  it('recognises a returned Retry, also of another copy of the library', async () => {
    class OtherRetry {
      max = 3
      intervalsS = [1, 2]
    }
    Object.defineProperty(OtherRetry, 'name', { value: 'Retry' })
    expect(await run({ func: () => new Retry({ max: 2, interval: '5s' }) })).toMatchObject({
      kind: 'returned_retry',
      retry: { max: 2, intervalsS: [5] },
    })
    expect(await run({ func: () => new OtherRetry() })).toMatchObject({
      kind: 'returned_retry',
      retry: { max: 3, intervalsS: [1, 2] },
    })
    expect(returned(await run({ func: () => ({ max: 3, intervalsS: [1] }) }))).toEqual({ max: 3, intervalsS: [1] })
    const never = Object.assign(new OtherRetry(), { intervalsS: [1e300] })
    expect(returned(await run({ func: () => never }))).toEqual({ max: 3, intervalsS: [1e300] })
  })

  it('is the current job inside the function, with its signal and execution, and nowhere else', async () => {
    const seen: unknown[] = []
    const input = inputOf({
      func: async () => {
        await new Promise((resolve) => setImmediate(resolve))
        const job = getCurrentJob()
        seen.push(job?.id, job?.signal)
      },
    })
    await runJob(input)
    expect(seen).toEqual(['id', input.signal])
    expect(getCurrentJob()).toBeUndefined()
  })

  it('saves meta on behalf of its execution, and learns that it lost its lease', async () => {
    const func = async () => {
      const job = getCurrentJob()
      if (job === undefined) throw new Error('no job')
      job.meta.step = 2
      await job.saveMeta()
    }
    const input = inputOf({ func })
    await input.storage.jobs.save(input.record)
    input.storage.recordOf('id').executionId = 'execution'
    expect((await runJob(input)).kind).toBe('returned')
    expect(String(input.storage.recordOf('id').meta)).toBe('{"step":2}')

    const lost = inputOf({ func })
    await lost.storage.jobs.save(lost.record)
    lost.storage.recordOf('id').executionId = 'other'
    expect(lastLineOf(await runJob(lost))).toMatch(/belongs to another execution/)
  })

  it.each([
    ['an error', () => Promise.reject(new TypeError('bad')), 'TypeError: bad'],
    ['null', () => Promise.reject(null), 'Thrown null: null'],
    ['a text', () => Promise.reject('text'), 'Thrown string: text'],
  ])('fails with %s', async (_, func, line) => {
    const outcome = await run({ func })
    expect(outcome.kind).toBe('raised')
    expect(lastLineOf(outcome)).toBe(line)
  })

  it.each(['RQ_NO_RETRY', 'RQ_INPUT_INVALID'] as const)('fails for good with %s', async (code) => {
    const fails = () => {
      throw new RqError(code, 'no')
    }
    const asked = vi.fn()
    const record = { retriesLeft: 3, retryOn: 'asked' }
    expect(await run({ func: fails, asked, record } as Plan)).toMatchObject({ kind: 'raised', isFinal: true })
    expect(asked).not.toHaveBeenCalled()
  })

  it('fails when the function or the call cannot be read', async () => {
    const missing = await run({ func: undefined as never })
    expect(lastLineOf(missing)).toBe('RqError [RQ_FUNCTION_NOT_FOUND]: no func')
    const garbage = await run({ func: () => 1, record: { data: 'not json' } })
    expect(garbage.kind).toBe('raised')
    expect(lastLineOf(garbage)).toMatch(/RqError \[RQ_DESERIALIZATION\]: /)
  })

  it('fails for good when the function is unknown, and reports it before its callbacks if such jobs go back', async () => {
    const [asked, onFailure] = [vi.fn(), vi.fn()]
    const record = { retriesLeft: 3, retryOn: 'asked' }
    const input = inputOf({ func: undefined, asked, onFailure, record } as never)
    expect(await runJob(input)).toMatchObject({ kind: 'raised', isFinal: true })
    expect([asked.mock.calls.length, onFailure.mock.calls.length]).toEqual([0, 1])

    const returning = { ...input, returnUnknownForMs: 1000 }
    expect(await attemptJob(returning)).toEqual({
      outcome: {
        ...{ kind: 'unknown_function', startedAtMs: expect.any(Number), endedAtMs: expect.any(Number) },
        error: expect.stringMatching(/RqError \[RQ_FUNCTION_NOT_FOUND\]: no func$/),
        remote: expect.stringContaining('RQ_FUNCTION_NOT_FOUND'),
      },
    })
    expect(onFailure).toHaveBeenCalledOnce()
    const waited = { ...returning, record: { ...input.record, returnedMs: 1000 } }
    expect(await runJob(waited)).toMatchObject({ kind: 'raised', isFinal: true })
    expect(onFailure).toHaveBeenCalledTimes(2)
  })

  it('takes no error of a function that has begun, and of no module that throws, for an unknown one', async () => {
    const thrown = new RqError('RQ_FUNCTION_NOT_FOUND', 'another one')
    const begun = { ...inputOf({ func: () => Promise.reject(thrown) }), returnUnknownForMs: 1000 }
    const broken = new RqError('RQ_FUNCTION_NOT_FOUND', 'it threw', { cause: new Error('no') })
    const loading = { ...inputOf({ func: () => 1 }), loader: { load: () => Promise.reject(broken) } }
    for (const input of [begun, { ...loading, returnUnknownForMs: 1000 }]) {
      const outcome = await runJob(input)
      expect(outcome.kind).toBe('raised')
      expect(outcome).not.toHaveProperty('isFinal')
    }
  })

  it('shows the name of an unknown function to nobody without the codec', async () => {
    const flip = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff)
    const codec = { name: 'flip', encode: flip, decode: flip }
    const input = inputOf({ func: undefined as never })
    const outcome = await runJob({ ...input, context: { ...input.context, codec }, returnUnknownForMs: 1000 })
    expect(outcome).toMatchObject({ kind: 'unknown_function', error: expect.stringMatching(/^rq-codec:flip:/) })
    expect(lastLineOf(outcome)).toBe('RqError: encoded with the codec "flip"')
  })

  it('fails at the time limit, whatever the function goes on to do', async () => {
    const limit = new AbortController()
    const { promise, reject } = deferred()
    const func = () => {
      queueMicrotask(() => limit.abort(new JobTimeoutError(2)))
      return promise
    }
    const outcome = await run({ func, signal: limit.signal })
    expect(lastLineOf(outcome)).toBe('JobTimeoutError: Task exceeded maximum timeout value (2 seconds)')
    reject(new Error('later'))
    // Time for Node.js to report a rejection that nothing handles.
    await new Promise((resolve) => setImmediate(resolve))
  })

  it('does not begin when the signal fired before', async () => {
    const func = vi.fn()
    await run({ func, signal: AbortSignal.abort(new JobTimeoutError(1)) })
    expect(func).not.toHaveBeenCalled()
  })

  it('calls only the success callback after success, with job, connection and result', async () => {
    const onSuccess = vi.fn(async (job: Job) => expect(await job.getStatus({ refresh: false })).toBe('finished'))
    const onFailure = vi.fn()
    const input = inputOf({ func: () => 5, onSuccess, onFailure })
    expect((await runJob(input)).kind).toBe('returned')
    expect(onSuccess.mock.calls).toEqual([[expect.any(Job), { isClient: true }, 5]])
    expect(onFailure).not.toHaveBeenCalled()
    expect(input.callbacks).toEqual([['success', 60]])
  })

  it('asks for no client when there is no callback', async () => {
    const input = inputOf({ func: () => 5 })
    await runJob(input)
    expect(input.storage.clients).toBe(0)
  })

  it('calls only the failure callback after a failure, with job, connection, class, error and stack', async () => {
    const error = new TypeError('bad')
    const onSuccess = vi.fn()
    const onFailure = vi.fn((job: Job) => job.getStatus({ refresh: false }))
    const outcome = await run({ func: () => Promise.reject(error), onSuccess, onFailure })
    expect(onFailure.mock.calls).toEqual([[expect.any(Job), { isClient: true }, 'TypeError', error, errorOf(outcome)]])
    expect(await onFailure.mock.results[0]?.value).toBe('failed')
    expect(onSuccess).not.toHaveBeenCalled()
  })

  it('fails when the success callback throws, and tells the failure callback', async () => {
    const onFailure = vi.fn()
    const onSuccess = () => {
      throw new RangeError('callback')
    }
    const outcome = await run({ func: () => 5, onSuccess, onFailure })
    expect(outcome.kind).toBe('raised')
    expect(lastLineOf(outcome)).toBe('RangeError: callback')
    expect(onFailure.mock.calls[0]?.[2]).toBe('RangeError')
  })

  it('adds the error of a failure callback to the text', async () => {
    const onFailure = () => {
      throw new RangeError('callback')
    }
    const outcome = await run({ func: () => Promise.reject(new TypeError('first')), onFailure })
    expect(errorOf(outcome)).toContain('TypeError: first')
    expect(lastLineOf(outcome)).toBe('RangeError: callback')
  })

  it('ends a callback at its own limit', async () => {
    vi.useFakeTimers()
    try {
      const outcome = run({ func: () => 5, onSuccess: () => new Promise(() => {}), callbackTimeoutS: 7 })
      await vi.advanceTimersByTimeAsync(7000)
      expect(lastLineOf(await outcome)).toBe('JobTimeoutError: Task exceeded maximum timeout value (7 seconds)')
    } finally {
      vi.useRealTimers()
    }
  })

  it('runs no callback for a returned Retry', async () => {
    const onSuccess = vi.fn()
    await run({ func: () => new Retry({ max: 1 }), onSuccess })
    expect(onSuccess).not.toHaveBeenCalled()
  })

  it('is stopped by its signal, and calls the stopped callback only', async () => {
    const stop = new AbortController()
    const func = () => {
      queueMicrotask(() => stop.abort(new RqError('RQ_JOB_STOPPED', 'stop')))
      return new Promise(() => {})
    }
    const onStopped = vi.fn(() => {
      throw new Error('ignored')
    })
    const onFailure = vi.fn()
    const outcome = await run({ func, onStopped, onFailure, signal: stop.signal })
    expect(outcome).toMatchObject({ kind: 'stopped', error: STOPPED_TEXT })
    expect(onStopped.mock.calls).toEqual([[expect.any(Job), { isClient: true }]])
    expect(onFailure).not.toHaveBeenCalled()
  })

  it('calls nothing more when the lease was lost', async () => {
    const onFailure = vi.fn()
    const lost = AbortSignal.abort(new RqError('RQ_LEASE_LOST', 'lost'))
    expect((await run({ func: () => 1, onFailure, signal: lost })).kind).toBe('raised')
    expect(onFailure).not.toHaveBeenCalled()
  })

  it('does not change the record it was given', async () => {
    const input = inputOf({ func: () => 1 })
    const before = structuredClone(input.record)
    await runJob(input)
    expect(input.record).toEqual(before)
  })
})

describe('runFailureCallback', () => {
  it('returns the error, with what the callback throws', async () => {
    const onFailure = vi.fn()
    const error = { name: 'WorkHorseTerminatedError', message: 'gone', text: 'WorkHorseTerminatedError: gone' }
    const failure = await runFailureCallback(inputOf({ func: () => 1, onFailure }), error)
    expect(failure.error).toEqual(error)
    expect(failure.callbackError).toBeUndefined()
    expect(onFailure.mock.calls[0]?.slice(2)).toEqual([error.name, failure.thrown, error.text])
    expect(failure.thrown).toMatchObject({ name: error.name, message: error.message, stack: error.text })
    const throwing = inputOf({ func: () => 1, onFailure: () => Promise.reject(new RangeError('callback')) })
    const { callbackError, error: both } = await runFailureCallback(throwing, error)
    expect(both).toMatchObject({ name: error.name, message: error.message })
    expect(both.text).toMatch(/^WorkHorseTerminatedError: gone\n.*RangeError: callback$/s)
    expect(callbackError?.thrown).toBeInstanceOf(RangeError)
  })
})

describe('runStoppedCallback', () => {
  it('never rejects', async () => {
    const onStopped = vi.fn(() => Promise.reject(new RangeError('callback')))
    await runStoppedCallback(inputOf({ func: () => 1, onStopped }))
    expect(onStopped).toHaveBeenCalledOnce()
    await runStoppedCallback(inputOf({ func: () => 1 }))
  })
})
