const ROUNDS = 5_000_000

/** Stands for a report that keeps a processor busy. The store is not needed. */
export function report(project: string): string {
  let sum = 0
  for (let round = 0; round < ROUNDS; round += 1) sum = (sum * 31 + round) % 9973
  return `report of ${project} (${sum})`
}
