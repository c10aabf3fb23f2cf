import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RqError, show } from '@rq/core'
import { type JobSet, jobSetOf, type OpenJobs } from '@rq/jobs/run'
import { importFromHere } from './import-from-here.ts'

/**
 * Load the module of the option `jobs`, and set its jobs up.
 * @param reference - `module`, or `module#export` for another export than the default one.
 * @throws RqError `RQ_CONFIG` when the module cannot be imported, or exports no jobs; `RQ_HORSE_TERMINATED` when its
 *   setup fails.
 */
export async function openJobs(reference: string): Promise<OpenJobs> {
  const { exported, module } = parseJobsReference(reference)
  const shown = show(jobsFile(reference) ?? module)
  const exports = await importFromHere(module).catch((cause: unknown) => {
    const why = `could not be imported: ${textOf(cause)}`
    throw new RqError('RQ_CONFIG', `The module of the jobs ${shown} ${why}`, { cause })
  })
  const set = findJobs(exports, exported)
  if (set !== undefined) return set.open()
  const example =
    exported === 'default' ? 'export default defineJobs({ ... })' : `export const ${exported} = defineJobs({ ... })`
  throw new RqError('RQ_CONFIG', `The module of the jobs ${shown} exports no jobs. Write \`${example}\` there.`)
}

/** The parts of the option `jobs`. */
function parseJobsReference(reference: string): { readonly module: string; readonly exported: string } {
  const hash = reference.lastIndexOf('#')
  if (hash === -1) return { module: reference, exported: 'default' }
  return { module: reference.slice(0, hash), exported: reference.slice(hash + 1) }
}

/** The path of the module of the option `jobs`; undefined for one of a package. */
export function jobsFile(reference: string): string | undefined {
  const { module } = parseJobsReference(reference)
  if (module.startsWith('file:')) return fileURLToPath(module)
  return /^\.{0,2}\//.test(module) ? resolve(module) : undefined
}

/** What a CommonJS module exports is its default export, which may be a compiled module with a default of its own. */
function findJobs(exports: Readonly<Record<string, unknown>>, name: string): JobSet | undefined {
  const direct = exports[name]
  const inner = exports.default as Readonly<Record<string, unknown>> | null | undefined
  return jobSetOf(direct) ?? (typeof inner === 'object' && inner !== null ? jobSetOf(inner[name]) : undefined)
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
}
