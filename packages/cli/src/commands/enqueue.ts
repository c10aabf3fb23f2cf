import { pause, RqError } from '@rq/core'
import type { EnqueueOptions, Job } from 'rq'
import { DEFAULT_QUEUE_NAME, ENQUEUE_OPTIONS } from 'rq/options'
import { readArguments } from '../arguments/arguments.ts'
import { readMeta } from '../arguments/meta.ts'
import { duration, namingOptions, wholeNumber } from '../arguments/option-value.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { EXIT, type ExitCode, UsageError } from '../exit-code.ts'
import { flagNames, flagsOf, optionsFrom, text, texts } from '../flags.ts'
import { functionName } from '../function-name.ts'
import { jobSummary } from '../job-document.ts'
import { jsonValue, shownValue } from '../output/shown-value.ts'
import { visible } from '../output/terminal-text.ts'
import { Session } from '../session.ts'
import { JSON_FLAG } from '../shared-options.ts'
import { signOption } from '../signing.ts'
import { UNIQUE_FLAGS, uniqueOf } from '../unique-flags.ts'

/** The names of flags for the options that rq may refuse. */
const TYPED_FLAGS: Readonly<Record<string, string>> = {
  ...flagNames(ENQUEUE_OPTIONS),
  'retry.max': '--retry-max',
  'retry.interval': '--retry-interval',
  'retry.on': '--retry-on',
  when: '--schedule-at',
  delay: '--schedule-in',
  'unique.key': '--unique-key',
  'unique.for': '--unique-for',
}

export const enqueue = defineCommand({
  name: 'enqueue',
  summary: 'Enqueue a function call',
  quietLetter: null,
  examples: [
    ['enqueue path.to.func abc', "func('abc')"],
    ['enqueue ./jobs#send to=ada@example.com', "send({ to: 'ada@example.com' })"],
    [`enqueue path.to.func ':{"a": 1}' key:=2`, 'JSON: func({ a: 1 }, { key: 2 })'],
    [`enqueue path.to.func '%(1, None)'`, 'A Python or JavaScript literal: func([1, null])'],
    ['enqueue path.to.func :@data.json', 'JSON from a file'],
    ['enqueue path.to.func --wait 30', 'Wait up to 30 s, then print the result'],
    ['enqueue ./path/to/file.js', 'Run a module; path.to.file is the same'],
  ],
  positionals: {
    function: {
      type: 'string',
      demandOption: true,
      describe: 'package.module.function, ./path/to/module#export, or a module',
    },
    arguments: {
      type: 'string',
      array: true,
      describe: 'value, :json, %literal, key=value, key:=json, key%=literal; @file instead of a value',
      defaultDescription: 'none',
    },
  },
  flags: {
    queue: text({
      alias: 'q',
      valueName: 'name',
      default: DEFAULT_QUEUE_NAME,
      defaultDescription: DEFAULT_QUEUE_NAME,
      describe: 'Queue name',
    }),
    ...flagsOf(ENQUEUE_OPTIONS),
    ...UNIQUE_FLAGS,
    'retry-max': text({ valueName: 'n', describe: 'Maximum number of retries', defaultDescription: '0' }),
    'retry-interval': texts({
      valueName: 'time',
      describe: 'Wait before a retry; give several for the first, second, ... retry',
    }),
    'retry-on': text({
      valueName: 'function',
      describe: 'Function that decides which errors are worth a retry',
      defaultDescription: 'every error is',
    }),
    'schedule-in': text({ valueName: 'time', describe: 'Enqueue after this time' }),
    'schedule-at': text({ valueName: 'date', describe: 'Enqueue at this local time, such as 2021-05-27T21:45:00' }),
    wait: {
      type: 'string',
      coerce: lastText,
      valueName: 'time',
      describe: 'Wait for the result and print it; with a time, wait no longer',
      defaultDescription: 'do not wait',
    },
    json: JSON_FLAG,
  },
  prepare: joinWait,
  async run(flags, context) {
    const { json, queue: queueName, quiet, retryInterval, retryOn, scheduleAt, scheduleIn, wait } = flags
    const { args, kwargs } = await readArguments(flags.arguments ?? [], context.host.folder)
    const options: EnqueueOptions = { ...optionsFrom(ENQUEUE_OPTIONS, flags), kwargs }
    if (scheduleIn !== undefined && scheduleAt !== undefined) {
      throw new UsageError('--schedule-in and --schedule-at cannot be used together.')
    }
    if (options.unique === true && options.jobId === undefined) {
      throw new UsageError('--unique needs --job-id, the id that must be unique.')
    }
    const unique = uniqueOf(flags)
    if (unique !== undefined) {
      if (options.unique === true) throw new UsageError('--unique is about --job-id; it cannot be used with a key.')
      options.unique = unique
    }
    const retryMax = flags.retryMax === undefined ? undefined : wholeNumber(flags.retryMax, '--retry-max')
    if (retryMax === undefined && retryInterval !== undefined) {
      throw new UsageError('--retry-interval needs --retry-max, the number of retries.')
    }
    if (retryMax === undefined && retryOn !== undefined) {
      throw new UsageError('--retry-on needs --retry-max, the number of retries.')
    }
    const waitMs = wait === undefined || wait === '' ? undefined : duration(wait, '--wait')
    if (options.meta !== undefined) options.meta = await readMeta(flags.meta as string[], context.host.folder)
    await using session = await Session.open(context)
    const sign = await signOption(context.settings)
    const { importPaths } = context.settings
    const func = await functionName(flags.function, importPaths)
    const on = retryOn === undefined ? undefined : await functionName(retryOn, importPaths)
    const job = await namingOptions(TYPED_FLAGS, async () => {
      const queue = session.queueForJobs(queueName, '--queue', sign)
      if (retryMax !== undefined && retryMax > 0) {
        options.retry = new session.rq.Retry({
          max: retryMax,
          interval: retryInterval ?? 0,
          ...(on !== undefined && { on }),
        })
      }
      if (scheduleIn !== undefined) return queue.enqueueIn(scheduleIn, func, args, options)
      if (scheduleAt !== undefined) return queue.enqueueAt(scheduleAt, func, args, options)
      return queue.enqueue(func, args, options)
    })
    if (quiet !== true && json !== true) {
      const call = context.output.paint.blue(visible(job.description ?? func))
      const is = job.isDuplicate ? 'Nothing was enqueued: its key is held by' : 'Enqueued'
      context.output.print(`${is} ${call} with job-id '${job.id}'.`)
    }
    if (wait !== undefined) return await waitFor(job, waitMs, json === true, context)
    if (json === true) {
      const summary = jobSummary(job, await job.getStatus({ refresh: false }))
      context.output.json(job.isDuplicate ? { ...summary, isDuplicate: true } : summary)
    }
    return EXIT.done
  },
})

async function waitFor(
  job: Job,
  waitMs: number | undefined,
  asJson: boolean,
  { output }: CommandContext,
): Promise<ExitCode> {
  const ended = new AbortController()
  const watching = sayWhatHolds(job, output, ended.signal)
  try {
    const value = await job.result(waitMs === undefined ? {} : { timeout: waitMs / 1000 })
    if (asJson) output.json({ ...jobSummary(job, await statusOf(job)), result: jsonValue(value) })
    else output.print(shownValue(value, output.columns))
    return EXIT.done
  } catch (error) {
    if (!(error instanceof RqError) || error.code !== 'RQ_JOB_FAILED') throw error
    const stack = 'remoteStack' in error ? String(error.remoteStack) : error.message
    if (asJson) output.json({ ...jobSummary(job, await statusOf(job)), error: stack })
    output.error(`Job ${job.id} failed.`)
    if (!asJson) output.log(stack.trimEnd())
    return EXIT.failure
  } finally {
    ended.abort()
    await watching
  }
}

/** How often to look why a job has not ended. */
const LOOK_MS = 2000
/** What a job waits for whose time will come without help. */
const ORDINARY: ReadonlySet<string> = new Set(['new', 'queued', 'running', 'over'])

/** Say once what holds the job back, and again when that changes. */
async function sayWhatHolds(job: Job, output: CommandContext['output'], signal: AbortSignal): Promise<void> {
  let said = ''
  for (;;) {
    await pause(LOOK_MS, signal)
    const why = signal.aborted ? undefined : await job.explain().catch(() => undefined)
    if (why === undefined || signal.aborted) return
    if (why.code !== said && !ORDINARY.has(why.code)) output.say(`Waiting. ${why.text}`)
    said = why.code
  }
}

/** The new status. A job whose result is kept for 0 seconds is deleted by now. */
async function statusOf(job: Job): Promise<string> {
  await job.refresh().catch(() => {})
  return job.getStatus({ refresh: false })
}

const DURATION = /^(?:\d+(?:\.\d+)?|(?:\d+(?:ms|[dhms]))+)$/i

/** Let `--wait` take the next word only if that is a time, so that it may come before any argument. */
function joinWait(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--')
  const at = args.indexOf('--wait')
  if (at === -1 || (end !== -1 && at > end)) return args
  const next = args[at + 1] ?? ''
  const isTime = DURATION.test(next)
  return [...args.slice(0, at), isTime ? `--wait=${next}` : '--wait=', ...args.slice(isTime ? at + 2 : at + 1)]
}

function lastText(value: string | readonly string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.at(-1) : (value as string | undefined)
}
