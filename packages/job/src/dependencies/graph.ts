import { RqError } from '@rq/core'

/** One job and the jobs it waits for. */
export interface Node {
  readonly id: string
  readonly dependencyIds?: readonly string[]
}

/** Maximum number of ids that an error names. */
const MOST_NAMED = 5

/** How many jobs a store looks at, in one call, in search of a cycle. */
const MOST_SEARCHED = 5000

/**
 * Sort the jobs of a batch so that each comes after those it waits for. A job that has to move goes right behind the
 * last one it waits for; the others keep their order. Ids of jobs outside of the batch are ignored.
 * @throws RqError `RQ_INVALID_OPTION` naming the jobs of a cycle.
 */
export function inDependencyOrder<T extends Node>(nodes: readonly T[]): T[] {
  if (!nodes.some((node) => node.dependencyIds !== undefined)) return [...nodes]
  const { dependents, missing } = linksOf(nodes)
  const placed = new Set<T>()
  const heldBack = new Set<T>()
  for (const node of nodes) {
    if (missing.get(node)?.size !== 0) {
      heldBack.add(node)
      continue
    }
    // Grows during the loop: jobs that become ready follow the job that they waited for.
    const ready = new Set([node])
    for (const next of ready) {
      placed.add(next)
      for (const dependent of dependents.get(next.id) ?? []) {
        const waitsFor = missing.get(dependent)
        waitsFor?.delete(next.id)
        if (waitsFor?.size === 0 && heldBack.has(dependent)) ready.add(dependent)
      }
    }
  }
  if (placed.size < nodes.length) throw dependencyCycle(cycleAmong(nodes.filter((node) => !placed.has(node))))
  return [...placed]
}

/** An error of {@link dependencyCycle}. */
interface DependencyCycleError extends RqError {
  readonly details: { readonly option: 'dependsOn'; readonly cycle: readonly string[] }
}

/**
 * The error for jobs that wait for each other.
 * @param ids the cycle in order, or one of its jobs.
 * @param became the sentence that says what was written.
 */
export function dependencyCycle(
  ids: readonly string[],
  became = 'Nothing was written.',
  details: object = {},
): RqError {
  const shown = ids.slice(0, MOST_NAMED).join(' -> ')
  const more = ids.length > MOST_NAMED ? ' -> ...' : ''
  return new RqError(
    'RQ_INVALID_OPTION',
    `Invalid dependsOn: the jobs would wait for each other forever (${shown}${more}). ${became}`,
    { details: { ...details, option: 'dependsOn', cycle: ids } },
  )
}

export function isDependencyCycle(error: unknown): error is DependencyCycleError {
  return error instanceof RqError && error.details.option === 'dependsOn' && 'cycle' in error.details
}

/** An error of {@link tooManyDependencies}. */
interface TooManyDependenciesError extends RqError {
  readonly details: { readonly option: 'dependsOn'; readonly jobId: string }
}

/**
 * The error for a job of which the store cannot see, in a step of a few milliseconds, whether it would close a cycle.
 * @param became the sentence that says what was written.
 */
export function tooManyDependencies(jobId: string, became = 'Nothing was written.', details: object = {}): RqError {
  return new RqError(
    'RQ_TOO_MANY_DEPENDENCIES',
    `Invalid dependsOn of job ${jobId}: other jobs wait for it already, and it would wait for too many, directly or through others, to see whether they would wait for each other forever. One call looks at ${MOST_SEARCHED} jobs. Enqueue it before the jobs that wait for it, or under another id. ${became}`,
    { details: { ...details, option: 'dependsOn', jobId } },
  )
}

export function isTooManyDependencies(error: unknown): error is TooManyDependenciesError {
  return error instanceof RqError && error.code === 'RQ_TOO_MANY_DEPENDENCIES'
}

/** For each job, the jobs of the batch that it still waits for; for each id, the jobs that wait for it. */
function linksOf<T extends Node>(nodes: readonly T[]) {
  const ids = new Set(nodes.map(({ id }) => id))
  const missing = new Map<T, Set<string>>()
  const dependents = new Map<string, T[]>()
  for (const node of nodes) {
    const inside = new Set(node.dependencyIds?.filter((id) => ids.has(id)))
    missing.set(node, inside)
    for (const id of inside) {
      const others = dependents.get(id)
      if (others === undefined) dependents.set(id, [node])
      else others.push(node)
    }
  }
  return { dependents, missing }
}

/** A cycle among jobs of which each waits for another one. Its first id is repeated at the end. */
function cycleAmong(nodes: readonly Node[]): string[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const path: string[] = []
  const onPath = new Set<string>()
  let id = nodes[0]?.id ?? ''
  while (!onPath.has(id)) {
    path.push(id)
    onPath.add(id)
    id = byId.get(id)?.dependencyIds?.find((other) => byId.has(other)) ?? id
  }
  return [...path.slice(path.indexOf(id)), id]
}
