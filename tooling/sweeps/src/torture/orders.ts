import { appendFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { KINDS, type KindName } from './kinds.ts'

/** A job that a producer enqueued, and whether the call was acknowledged. Times as those of runs. */
export interface Order {
  readonly id: string
  readonly kind: KindName
  readonly intendedMs: number
  readonly ackedMs: number | undefined
}

/** Milliseconds by the clock that jobs use for their notes, which all processes of this machine share. */
export function sharedMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}

/** Note that a job will be enqueued, or was. A note survives the death of its writer. */
export function noteOrder(file: string, what: 'intent' | 'ack', ids: readonly string[], kind: KindName): void {
  const lines = ids.map((id) => `${JSON.stringify({ what, id, kind, ms: sharedMs() })}\n`)
  appendFileSync(file, lines.join(''))
}

export async function readOrders(file: string): Promise<Order[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const orders = new Map<string, Order>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    const { what, id, kind, ms } = JSON.parse(line) as { what: string; id: string; kind: string; ms: number }
    if (!isKind(kind)) throw new Error(`No kind of job: ${kind}`)
    const known = orders.get(id)
    if (known === undefined) orders.set(id, { id, kind, intendedMs: ms, ackedMs: undefined })
    else if (what === 'ack') orders.set(id, { ...known, ackedMs: ms })
  }
  return [...orders.values()]
}

function isKind(name: string): name is KindName {
  return Object.hasOwn(KINDS, name)
}
