import type { State } from './state.ts'

export function workers(state: State): string[] {
  const found: string[] = []
  for (const [name, { ttlMs }] of state.all('worker')) if (ttlMs < 0) found.push(`worker ${name} does not expire`)
  for (const [name, { ttlMs }] of state.all('worker executions')) {
    if (ttlMs < 0) found.push(`executions of worker ${name} do not expire`)
  }
  const sets = [
    ['workers', ''] as const,
    ...[...state.all('queue workers').keys()].map((q) => ['queue workers', q] as const),
  ]
  for (const [kind, queue] of sets) {
    for (const key of state.members(kind, queue)) {
      if (!key.startsWith(`${state.prefix}worker:`))
        found.push(`${kind} ${queue} holds ${key}, which is not a key of a worker`)
    }
  }
  return found
}
