import { getCurrentJob, Retry } from '../src/index.ts'

/** Ordinary functions, as a program would enqueue them. */
export const add = (x: number, y: number): number => x + y
export const sayHello = (name = 'Stranger'): string => `Hi there, ${name}!`
export const nothing = (): null => null
export const kwargsOf = (x: number, options: { description: string; ttl: number }): unknown[] => [x, options]
export const echo = (value: unknown): unknown => value
export const largeText = (): string => 'x'.repeat(3 * 1024 * 1024)
export const callable = (): unknown => () => {}

export function divByZero(): never {
  throw new RangeError('division by zero')
}

/** Notes what it is given, so that a test sees the order in which jobs ran. */
export function note(what: string): string {
  noted.push(what)
  return what
}

/** What `note` was given, and what callbacks were called with. Global: a worker may load a module of its own. */
const globals = globalThis as { rqTestNotes?: unknown[] }
globals.rqTestNotes ??= []
export const noted: unknown[] = globals.rqTestNotes

export const currentJobId = (): string | undefined => getCurrentJob()?.id
export const currentWorker = (): string | undefined => getCurrentJob()?.workerName

export async function remember(): Promise<void> {
  const job = getCurrentJob()
  if (job === undefined) throw new Error('no current job')
  job.meta.seen = job.id
  await job.saveMeta()
}

export async function rememberThenFail(): Promise<void> {
  await remember()
  divByZero()
}

export const retryInFront = (max: number, interval: number): Retry => new Retry({ max, interval, enqueueAtFront: true })
export const retryLater = (max: number, interval: number | number[]): Retry => new Retry({ max, interval })

/** Fails so often, then succeeds. */
export function failTimes(times: number, key: string): number {
  const runs = noted.filter((what) => what === key).length + 1
  noted.push(key)
  if (runs <= times) throw new Error(`run ${runs}`)
  return runs
}

/** Runs until its signal fires. */
export async function untilStopped(): Promise<void> {
  const signal = getCurrentJob()?.signal
  if (signal === undefined) throw new Error('no signal')
  await new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

/** Runs until the test notes this. */
export async function untilNoted(what: string): Promise<string> {
  const signal = getCurrentJob()?.signal
  while (!noted.includes(what)) {
    signal?.throwIfAborted()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return what
}

interface Seen {
  readonly id: string
  getStatus(options: { refresh: boolean }): Promise<string>
}

export async function onSuccess(job: Seen, connection: object, result: unknown): Promise<void> {
  noted.push(['success', job.id, await job.getStatus({ refresh: false }), typeof connection, result])
}

export async function onFailure(job: Seen, connection: object, type: string, value: Error, traceback: string) {
  noted.push(['failure', job.id, await job.getStatus({ refresh: false }), typeof connection, type, value.message])
  noted.push(traceback)
}

export async function onStopped(job: Seen, connection: object): Promise<void> {
  noted.push(['stopped', job.id, await job.getStatus({ refresh: false }), typeof connection])
}

export function throwing(): never {
  throw new TypeError('the callback broke')
}

export const forever = (): Promise<never> => new Promise(() => {})

export class Calculator {
  readonly name = 'a class with more than static methods'

  static double(x: number): number {
    return 2 * x
  }
}

export async function cancelMyself(): Promise<string> {
  await getCurrentJob()?.cancel()
  return 'ran on'
}
