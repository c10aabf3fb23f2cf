import { Inject, SetMetadata } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { checkOptionNames, checkQueueName, invalidOption, type OptionNames } from '@rq/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { JobRun, WorkerQueueOptions } from 'rq'
import { getQueueToken } from './queue-token.ts'

/** What a method with `@Process()` gets besides the input: the handle of its job, and the signal to stop. */
export type ProcessRun = Pick<JobRun, 'job' | 'signal'>

/** How the worker of the application runs the jobs of one queue. */
export type ProcessorOptions = Omit<WorkerQueueOptions, 'horse'>

export interface ProcessOptions {
  /**
   * Checks the input where the job runs: any Standard Schema, such as one of zod. The method gets its output. Default:
   * the input is not checked.
   */
  readonly input?: StandardSchemaV1
}

/** What `@Processor()` says of a class. */
export interface ProcessorNote {
  readonly queue: string
  readonly options: ProcessorOptions
}

/** What one `@Process()` says of a method. */
export interface ProcessNote {
  readonly name: string
  readonly input: StandardSchemaV1 | undefined
}

const PROCESSOR = 'rq:processor'
const PROCESS = 'rq:process'
const PROCESS_NAMES: OptionNames<ProcessOptions> = { input: true }
const PROCESSOR_NAMES: OptionNames<ProcessorOptions> = {
  concurrency: true,
  prefetch: true,
  horseMaxJobs: true,
  horseMaxBytes: true,
}
const reflector = new Reflector()

/** Inject the queue with this name, which a module has registered with `RqModule.registerQueue()`. */
export function InjectQueue(name: string): ParameterDecorator & PropertyDecorator {
  return Inject(getQueueToken(name))
}

/**
 * The methods with `@Process()` of this provider are the jobs of a queue. Default concurrency: that of the worker, 1.
 * @throws RqError `RQ_INVALID_OPTION`.
 */
export function Processor(queue: string, options: ProcessorOptions = {}): ClassDecorator {
  checkQueueName(queue, 'name of the queue of @Processor()')
  checkOptionNames(options, PROCESSOR_NAMES, `@Processor('${queue}')`)
  return SetMetadata<string, ProcessorNote>(PROCESSOR, { queue, options })
}

/**
 * This method runs the jobs with this name. It is called with the input and a {@link ProcessRun}; what it returns is
 * the result of the job. Names are unique in an application.
 * @throws RqError `RQ_INVALID_OPTION`.
 */
export function Process(name: string, options: ProcessOptions = {}): MethodDecorator {
  if (typeof name !== 'string')
    throw invalidOption('name of @Process()', name, "the name of a job: @Process('sendMail')")
  const { input } = checkOptionNames(options, PROCESS_NAMES, `@Process('${name}')`)
  return (target, key, descriptor: PropertyDescriptor) => {
    const notes = [...processNotesOf(descriptor.value), { name, input }]
    SetMetadata<string, readonly ProcessNote[]>(PROCESS, notes)(target, key, descriptor)
  }
}

/** What `@Processor()` says of a class; undefined without one. */
export function processorNoteOf(type: NewableFunction): ProcessorNote | undefined {
  return reflector.get<ProcessorNote | undefined, string>(PROCESSOR, type as never)
}

/** What each `@Process()` of a method says. */
export function processNotesOf(method: NewableFunction): readonly ProcessNote[] {
  return reflector.get<readonly ProcessNote[] | undefined, string>(PROCESS, method as never) ?? []
}
