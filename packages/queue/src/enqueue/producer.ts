import { checkQueueName } from '@rq/core'
import { type CheckedOptions, checkOptions, type EnqueueOptions } from '@rq/job'
import type { JobContext } from '../context.ts'
import { JobSigner } from '../payload/signature.ts'
import { checkJobRules, type QueueOptions } from '../queue/queue-options.ts'
import { JobSender } from './job-sender.ts'
import { NewCalls } from './new-call.ts'
import type { RecordDefaults } from './new-record.ts'
import { checkDefaultOptions, type DefaultOptions, overDefaults } from './queue-defaults.ts'

/** What a queue needs to enqueue jobs: `calls` makes their records, `signer` signs them, `sender` sends them. */
export class Producer {
  readonly context: JobContext
  readonly calls: NewCalls
  readonly signer: JobSigner | undefined
  readonly sender: JobSender
  /** Options of the queue for calls without them. */
  readonly defaults: DefaultOptions | undefined
  readonly #recordDefaults: RecordDefaults
  readonly #hasAnyName: boolean

  /** @throws RqError `RQ_INVALID_OPTION`. */
  constructor(name: string, context: JobContext, options: QueueOptions) {
    const { anyName = false, functions, importPaths, logger, sign } = options
    const { isAsync, results, timeoutS, webhooks } = checkJobRules(options)
    const { codec, limits, serializer } = context
    const warn = logger && { warn: (message: string) => logger.warn(message) }
    this.context = context
    this.calls = new NewCalls(context, { ...(importPaths && { importPaths }), ...warn })
    this.signer = sign && new JobSigner(sign, limits?.limits.inflated)
    this.sender = new JobSender(context, isAsync, { functions, importPaths, webhooks })
    this.defaults = checkDefaultOptions(options.defaults)
    this.#recordDefaults = { origin: name, serializer, codec, limits, results, timeoutS }
    this.#hasAnyName = anyName
  }

  /** The options of a call, over those of the queue. @throws RqError `RQ_INVALID_OPTION`. */
  optionsOf(given: EnqueueOptions | undefined): CheckedOptions {
    return checkOptions(overDefaults(this.defaults, given))
  }

  /** What new jobs have. @throws RqError `RQ_INVALID_OPTION` if the queue has a name that rq gives none. */
  get recordDefaults(): RecordDefaults {
    if (this.#hasAnyName) checkQueueName(this.#recordDefaults.origin, 'queue name')
    return this.#recordDefaults
  }
}
