import { RqError } from '@rq/core'
import type { EnqueueOptions, Job } from 'rq'
import { readArguments } from '../arguments/arguments.ts'
import { duration, flag, namingOptions, text, texts, wholeNumber } from '../arguments/option-value.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { EXIT, type ExitCode, UsageError } from '../exit-code.ts'
import { functionName } from '../function-name.ts'
import { jobSummary } from '../job-document.ts'
import { jsonValue, shownValue } from '../output/shown-value.ts'
import { Session } from '../session.ts'
import { JSON_OPTION } from '../shared-options.ts'

/** rq's options by the names that are typed here. */
const TYPED: Readonly<Record<string, string>> = {
  jobTimeout: '--timeout',
  resultTtl: '--result-ttl',
  ttl: '--ttl',
  failureTtl: '--failure-ttl',
  description: '--description',
  dependsOn: '--depends-on',
  jobId: '--job-id',
  unique: '--unique',
  meta: '--meta',
  'retry.max': '--retry-max',
  'retry.interval': '--retry-interval',
  when: '--schedule-at',
  delay: '--schedule-in',
}

export const enqueue = defineCommand({
  name: 'enqueue',
  positional: '<function> [arguments..]',
  summary: 'Put a call of a function into a queue',
  takesAnyText: true,
  quietLetter: null,
  examples: [
    ['enqueue path.to.func abc', "func('abc')"],
    ['enqueue ./jobs/email#send to=ada@example.com', "send({ to: 'ada@example.com' })"],
    [`enqueue path.to.func ':{"a": 1}' key:=2`, 'JSON: func({ a: 1 }, { key: 2 })'],
    [`enqueue path.to.func '%(1, None)'`, 'A Python or JavaScript literal: func([1, null])'],
    ['enqueue path.to.func :@data.json', 'JSON from a file'],
    ['enqueue path.to.func --queue low --wait 30', 'Wait up to 30 s for the result, and print it'],
    ['enqueue ./path/to/file.js', 'Run a module from the top; path.to.file is the same'],
  ],
  prepare: joinWait,
  options: (yargs) =>
    yargs
      .positional('function', {
        type: 'string',
        demandOption: true,
        describe: 'package.module.function, ./path/to/module#export, or a module alone',
      })
      .positional('arguments', {
        type: 'string',
        array: true,
        describe: 'value, :json, %literal, key=value, key:=json, key%=literal; @file in the place of a value',
      })
      .options({
        queue: text({ alias: 'q', default: 'default', describe: 'Name of the queue' }),
        timeout: text({ describe: 'Longest run: seconds, or 30s, 5m, 1h; -1 for no limit' }),
        'result-ttl': text({ describe: 'How long a successful job and its result are kept' }),
        ttl: text({ describe: 'Longest wait in the queue, then the job is discarded' }),
        'failure-ttl': text({ describe: 'How long a failed job is kept' }),
        description: text({ describe: 'Shown in the place of the call' }),
        'depends-on': texts({ describe: 'Id of a job that must succeed first, repeatable' }),
        'job-id': text({ describe: 'Id of this job' }),
        'at-front': flag({ describe: 'Put it at the head of the queue' }),
        'retry-max': text({ describe: 'Most retries after a failure' }),
        'retry-interval': texts({ describe: 'Wait before a retry, repeatable for first, second, ...' }),
        'schedule-in': text({ describe: 'Enqueue it after 10s, 5m, 2d' }),
        'schedule-at': text({ describe: 'Enqueue it at 2021-05-27T21:45:00, local time' }),
        meta: texts({ describe: 'Free data: a JSON object, or key=value, key:=json; repeatable' }),
        unique: flag({ describe: 'Refuse when a job with this --job-id exists' }),
        wait: {
          type: 'string',
          coerce: lastText,
          describe: 'Wait for the result and print it; at most so long, if a time follows',
        },
        json: JSON_OPTION,
      }),
  async run(options, context) {
    const { args, kwargs } = await readArguments(
      [...((options.arguments ?? []) as string[]), ...options._.slice(1).map(String)],
      context.host.folder,
    )
    if (options.scheduleIn !== undefined && options.scheduleAt !== undefined) {
      throw new UsageError('--schedule-in and --schedule-at cannot be used together.')
    }
    if (options.unique && options.jobId === undefined)
      throw new UsageError('--unique needs --job-id, the identity to be unique.')
    const waitMs = options.wait === undefined || options.wait === '' ? undefined : duration(options.wait, '--wait')
    const given: EnqueueOptions = {
      kwargs,
      atFront: options.atFront,
      unique: options.unique,
      ...(options.timeout !== undefined && { jobTimeout: options.timeout }),
      ...(options.resultTtl !== undefined && { resultTtl: options.resultTtl }),
      ...(options.ttl !== undefined && { ttl: options.ttl }),
      ...(options.failureTtl !== undefined && { failureTtl: options.failureTtl }),
      ...(options.description !== undefined && { description: options.description }),
      ...(options.dependsOn !== undefined && { dependsOn: options.dependsOn }),
      ...(options.jobId !== undefined && { jobId: options.jobId }),
      ...(options.meta !== undefined && { meta: await readMeta(options.meta, context.host.folder) }),
    }
    const retryMax = options.retryMax === undefined ? undefined : wholeNumber(options.retryMax, '--retry-max')
    if (retryMax === undefined && options.retryInterval !== undefined) {
      throw new UsageError('--retry-interval needs --retry-max, how often to try again.')
    }
    await using session = await Session.open(context)
    const func = await functionName(options.function, context.settings.importPaths)
    const job = await namingOptions(TYPED, async () => {
      const queue = session.queue(options.queue, '--queue')
      if (retryMax !== undefined && retryMax > 0) {
        given.retry = new session.rq.Retry({ max: retryMax, interval: options.retryInterval ?? 0 })
      }
      if (options.scheduleIn !== undefined) return queue.enqueueIn(options.scheduleIn, func, args, given)
      if (options.scheduleAt !== undefined) return queue.enqueueAt(options.scheduleAt, func, args, given)
      return queue.enqueue(func, args, given)
    })
    if (!options.quiet && !options.json) {
      const call = context.output.paint.blue(oneLine(job.description ?? func))
      context.output.print(`Enqueued ${call} with job-id '${job.id}'.`)
    }
    if (options.wait !== undefined) return await waitFor(job, waitMs, options.json, context)
    if (options.json) context.output.json(jobSummary(job, await job.getStatus({ refresh: false })))
    return EXIT.done
  },
})

async function waitFor(
  job: Job,
  waitMs: number | undefined,
  asJson: boolean,
  { output }: CommandContext,
): Promise<ExitCode> {
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
  }
}

/** What it has become; a job whose result is kept for 0 seconds is gone by now. */
async function statusOf(job: Job): Promise<string> {
  await job.refresh().catch(() => {})
  return job.getStatus({ refresh: false })
}

async function readMeta(given: readonly string[], folder: string): Promise<Record<string, unknown>> {
  const { args, kwargs } = await readArguments(given, folder)
  for (const value of args) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new UsageError(`Invalid --meta: expected a JSON object, key=value or key:=json.`)
    }
  }
  return Object.assign({}, ...args, kwargs)
}

const DURATION = /^(?:\d+(?:\.\d+)?|(?:\d+[dhms])+)$/i

/** `--wait` takes the next word only where that is a time, so that it may stand anywhere. */
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

const oneLine = (line: string): string => line.replace(/[\r\n\t]/g, (found) => JSON.stringify(found).slice(1, -1))
