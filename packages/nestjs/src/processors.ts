import { type DiscoveryService, MetadataScanner } from '@nestjs/core'
import { RqError } from '@rq/core'
import type { JobDefinitions, QueuePlan } from 'rq'
import { type ProcessorNote, processNotesOf, processorNoteOf } from './decorators.ts'
import type { RqRoot } from './rq-root.ts'

type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number]
type Definition = JobDefinitions[string]

/** The processors of an application. */
export interface Processors {
  /** The queues that they serve, with the options of each. */
  readonly queues: QueuePlan
  /** Their jobs, by name. */
  readonly jobs: JobDefinitions
}

/**
 * Find the providers with `@Processor()`, and their methods with `@Process()`.
 * @throws RqError `RQ_CONFIG` for a queue that is not registered, for a name of two methods, and for a class that can
 *   run no job.
 */
export function findProcessors(discovery: DiscoveryService, root: RqRoot): Processors {
  const queues: Record<string, ProcessorNote['options']> = {}
  const owners = new Map<string, string>()
  const jobs: Record<string, Definition> = {}
  for (const provider of discovery.getProviders()) {
    const note = noteOf(provider)
    if (note === undefined) continue
    checkProcessor(provider, note, root)
    queues[note.queue] = mergedOptions(queues[note.queue], note, provider)
    for (const { name, owner, definition } of jobsOf(provider)) {
      const other = owners.get(name)
      if (other !== undefined)
        throw misplaced(`${owner} and ${other} both have @Process('${name}')`, 'Rename one of them.')
      owners.set(name, owner)
      jobs[name] = definition
    }
  }
  return { queues, jobs }
}

function noteOf(provider: InstanceWrapper): ProcessorNote | undefined {
  const type = provider.metatype
  if (typeof type !== 'function' || provider.isAlias) return undefined
  const note = processorNoteOf(type)
  if (note !== undefined || typeof type.prototype !== 'object' || methodsOf(type.prototype).length === 0) return note
  throw misplaced(`${provider.name} has @Process(), but no @Processor()`, "Write @Processor('queue') above the class.")
}

function checkProcessor(provider: InstanceWrapper, { queue }: ProcessorNote, root: RqRoot): void {
  if (!provider.isDependencyTreeStatic() || provider.isTransient) {
    const todo = 'Give it, and what it injects, the default scope.'
    throw misplaced(`${provider.name} is made for each request, and jobs have none`, todo)
  }
  if (!root.hasQueue(queue)) {
    const todo = `Import RqModule.registerQueue({ name: '${queue}' }).`
    throw misplaced(`${provider.name} processes the queue '${queue}', which is not registered`, todo)
  }
  if (methodsOf(provider.instance).length === 0) {
    throw misplaced(
      `${provider.name} has no method with @Process()`,
      "Write @Process('name') above each that runs a job.",
    )
  }
}

/** Processors of one queue share its options. */
function mergedOptions(
  known: ProcessorNote['options'] | undefined,
  { options, queue }: ProcessorNote,
  { name }: InstanceWrapper,
): ProcessorNote['options'] {
  const merged: Record<string, unknown> = { ...known }
  for (const [option, value] of Object.entries(options)) {
    if (merged[option] !== undefined && merged[option] !== value) {
      const todo = `Set '${option}' in one @Processor('${queue}').`
      throw misplaced(`${name} and another processor of '${queue}' have different values of '${option}'`, todo)
    }
    merged[option] = value
  }
  return merged
}

interface FoundJob {
  readonly name: string
  /** The class and the method, for messages. */
  readonly owner: string
  readonly definition: Definition
}

function jobsOf({ instance, name: type }: InstanceWrapper): FoundJob[] {
  return methodsOf(instance).flatMap((method) => {
    const handler = instance[method]
    // Bound, not wrapped: `defineJobs` recognises a generator, and refuses it.
    const run = handler.bind(instance)
    return processNotesOf(handler).map(({ input, name }) => ({
      name,
      owner: `${type}.${method}`,
      definition: { run, ...(input && { input }) },
    }))
  })
}

/** The methods with `@Process()`, those of base classes too. */
function methodsOf(instance: object): string[] {
  const names = new MetadataScanner().getAllMethodNames(instance)
  return names.filter((name) => processNotesOf(Reflect.get(instance, name)).length > 0)
}

function misplaced(what: string, todo: string): RqError {
  return new RqError('RQ_CONFIG', `${what}. ${todo}`)
}
