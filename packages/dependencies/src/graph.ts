import { RqError } from '@rq/core'

/** One job and the jobs it waits for. */
export interface Node {
  readonly id: string
  readonly dependencyIds?: readonly string[]
}

/**
 * The jobs of a batch so that each comes after those it waits for; otherwise in the order given.
 * Ids that are not in the batch do not count.
 * @throws RqError `RQ_INVALID_OPTION` naming the jobs of a cycle.
 */
export function inDependencyOrder<T extends Node>(nodes: readonly T[]): T[] {
  if (!nodes.some((node) => node.dependencyIds !== undefined)) return [...nodes]
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const done = new Set<string>()
  const ordered: T[] = []
  for (const root of nodes) {
    // A walk with its own stack: a chain of 10,000 jobs must not end the call stack.
    const path: { node: T; next: number }[] = [{ node: root, next: 0 }]
    const onPath = new Set([root.id])
    while (path.length > 0) {
      const step = path[path.length - 1]
      if (step === undefined) break
      const dependencyId = done.has(step.node.id) ? undefined : step.node.dependencyIds?.[step.next]
      if (dependencyId === undefined) {
        path.pop()
        onPath.delete(step.node.id)
        if (!done.has(step.node.id)) {
          done.add(step.node.id)
          ordered.push(step.node)
        }
        continue
      }
      step.next += 1
      if (onPath.has(dependencyId))
        throw cycle(
          path.map(({ node }) => node.id),
          dependencyId,
        )
      const dependency = byId.get(dependencyId)
      if (dependency === undefined || done.has(dependencyId)) continue
      path.push({ node: dependency, next: 0 })
      onPath.add(dependencyId)
    }
  }
  return ordered
}

function cycle(path: readonly string[], id: string): RqError {
  const round = [...path.slice(path.indexOf(id)), id]
  return new RqError(
    'RQ_INVALID_OPTION',
    `Invalid dependsOn: jobs wait for each other in a circle (${round.join(' -> ')}). Nothing was enqueued.`,
    { details: { option: 'dependsOn', cycle: round } },
  )
}
