import { checkOptionNames, checkQueueName, invalidOption, type OptionNames } from '@rq/core'
import { type AnyFunction, parseFunctionRef } from '@rq/job'
import { type CurrentJob, checkDefaultOptions, type DefaultOptions } from '@rq/queue'
import type { StandardSchemaV1 } from '@standard-schema/spec'

/** What a job's `run` gets besides its input. */
export interface JobRun<Services = unknown> {
  /** What `setup` returned in this work horse; undefined without one. */
  readonly services: Services
  /** The handle of the running job. */
  readonly job: CurrentJob
  /** Fires at the time limit, when the job is stopped, and when its worker has lost it. */
  readonly signal: AbortSignal
}

/** One job of `defineJobs`. */
export interface JobDefinition {
  /**
   * Checks the input where the job is enqueued and again where it runs: a schema of zod, valibot, arktype or any other
   * library with Standard Schema. Default: the input is not checked, and has the type of the parameter of `run`.
   */
  readonly input?: StandardSchemaV1
  /** The queue of its jobs. Default `'default'`. */
  readonly queue?: string
  /** Options of each of its jobs. A call of `enqueue` overrides them. */
  readonly options?: DefaultOptions
  /** Called in a work horse with the output of the schema. */
  // biome-ignore lint/suspicious/noExplicitAny: of any input; `DefineJobs` has the types
  run(input: any, context: JobRun<any>): unknown
}

/** The jobs of one module, by their names. */
export type JobDefinitions = Readonly<Record<string, JobDefinition>>

/** The types of one definition; those that it does not have are `unknown`. */
export interface TypedJob {
  readonly input: unknown
  readonly queue: unknown
  readonly options: unknown
  readonly run: unknown
}

/** The types of the jobs of one module. */
export type TypedJobs = Readonly<Record<string, TypedJob>>

/** What `run` gets: the output of the schema. */
export type ParsedInput<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<Schema> : unknown

/** What callers give: the input of the schema, or without one that of `run`. */
export type GivenInput<D extends TypedJob> = D['input'] extends StandardSchemaV1
  ? StandardSchemaV1.InferInput<D['input']>
  : D['run'] extends AnyFunction
    ? Parameters<D['run']>[0]
    : unknown

export type ReturnOf<D extends TypedJob> = D['run'] extends AnyFunction ? Awaited<ReturnType<D['run']>> : unknown

const NAMES: OptionNames<JobDefinition> = { input: true, queue: true, options: true, run: true }
/** They are members of what `defineJobs` returns, or mean something for every object. */
const RESERVED: ReadonlySet<string> = new Set(['close', 'then', '__proto__', 'constructor', 'prototype'])
const A_SCHEMA = 'a Standard Schema, such as z.object({ ... }) of zod'

/** Check the jobs of `defineJobs`. @throws RqError `RQ_INVALID_OPTION`. */
export function checkDefinitions(definitions: JobDefinitions): JobDefinitions {
  const isTable = typeof definitions === 'object' && definitions !== null && !Array.isArray(definitions)
  if (!isTable) throw invalidOption('jobs', definitions, 'an object of jobs by their names')
  for (const [name, definition] of Object.entries(definitions)) checkDefinition(name, definition)
  return definitions
}

function checkDefinition(name: string, definition: JobDefinition): void {
  const at = `jobs.${name}`
  if (RESERVED.has(name)) throw invalidOption('name of a job', name, 'another name: this one is reserved')
  if (!isJobName(name)) throw invalidOption('name of a job', name, 'words of letters, digits, "_", "$" or "-"')
  if (typeof definition !== 'object' || definition === null) throw invalidOption(at, definition, 'an object with run()')
  checkOptionNames(definition, NAMES, at)
  const { input, options, queue, run } = definition
  if (typeof run !== 'function') throw invalidOption(`${at}.run`, run, 'a function')
  if (isGenerator(run)) throw invalidOption(`${at}.run`, run, 'no generator: nothing would iterate over it')
  if (input !== undefined && !isSchema(input)) throw invalidOption(`${at}.input`, input, A_SCHEMA)
  if (queue !== undefined) checkQueueName(queue, `${at}.queue`)
  checkDefaultOptions(options, `${at}.options`)
}

/** Whether jobs can have this name: one word, or words with dots. */
export function isJobName(name: string): boolean {
  try {
    const { kind } = parseFunctionRef(name)
    return kind === 'name' || kind === 'dotted'
  } catch {
    return false
  }
}

function isSchema(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard: unknown = Reflect.get(value, '~standard')
  return typeof standard === 'object' && standard !== null && typeof Reflect.get(standard, 'validate') === 'function'
}

function isGenerator(run: object): boolean {
  return /Generator/.test(Object.prototype.toString.call(run))
}
