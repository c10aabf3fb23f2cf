import { type Evidence, mayLoseLeases, RECONNECT_MS, type Span, type Takeover } from './evidence.ts'

/** A job that was lost this often is parked (reliability P5). */
const POISON_COUNT = 3

/** Jobs that were parked as poisoned. */
export interface Parking {
  /** Jobs with three or more losses that faults of their workers explain. */
  readonly justified: ReadonlySet<string>
  /** Reports about the other jobs, by job. */
  readonly unjustified: ReadonlyMap<string, string>
}

/** Check the policy that parks jobs: it must have counted losses only. */
export function judgeParking(evidence: Evidence): Parking {
  const takeovers = new Map<string, Takeover[]>()
  for (const word of evidence.words) {
    if (word.what === 'lease_lost') continue
    const known = takeovers.get(word.jobId)
    if (known === undefined) takeovers.set(word.jobId, [word])
    else known.push(word)
  }
  const justified = new Set<string>()
  const unjustified = new Map<string, string>()
  for (const [jobId, reports] of takeovers) {
    if (!reports.some(({ what }) => what === 'job:poisoned')) continue
    const inOrder = reports.sort((one, other) => one.ms - other.ms)
    const flaw = flawIn(inOrder, evidence)
    if (flaw === undefined) justified.add(jobId)
    else unjustified.set(jobId, `${jobId} was parked, but ${flaw}: ${storyOf(inOrder, evidence)}`)
  }
  return { justified, unjustified }
}

/** The reports about a job, and the faults of the workers that reported it or had it, in order. */
function storyOf(takeovers: readonly Takeover[], { troubles, words }: Evidence): string {
  const pids = new Set(takeovers.flatMap(({ by, holder }) => [by, holder]))
  const jobIds = new Set(takeovers.map(({ jobId }) => jobId))
  const lines: [ms: number, text: string][] = [
    ...takeovers.map(({ by, count, holder, ms }): [number, string] => [
      ms,
      `${by} took it from ${holder} as loss ${count}`,
    ]),
    ...words
      .filter(({ jobId, what }) => what === 'lease_lost' && jobIds.has(jobId))
      .map(({ by, ms }): [number, string] => [ms, `${by} reports that it was lost`]),
    ...troubles
      .filter(({ pid }) => pids.has(pid))
      .map(({ fromMs, kind, pid, toMs }): [number, string] => [
        fromMs,
        `${kind} of ${pid} for ${Math.round(toMs - fromMs)} ms`,
      ]),
  ]
  return lines
    .sort(([one], [other]) => one - other)
    .map(([ms, text]) => `at ${Math.round(ms)} ${text}`)
    .join(', ')
}

/** The takeovers of a job that no fault explains, in order. */
function flawIn(takeovers: readonly Takeover[], evidence: Evidence): string | undefined {
  let last: Takeover | undefined
  for (const takeover of takeovers) {
    const { count, holder, jobId, ms, what } = takeover
    if (what === 'job:poisoned' && count < POISON_COUNT) return `after ${count} losses`
    const order = evidence.orders.find(({ id }) => id === jobId)
    const span = { fromMs: last?.ms ?? order?.intendedMs ?? 0, toMs: ms }
    // A recoverer that dies before it has settled leaves the name of the holder before it.
    const holders = last === undefined ? [holder] : [holder, last.by]
    if (!holders.some((pid) => mayHaveLost(pid, jobId, span, evidence)))
      return `nothing happened to ${holders.join(' or ')} before loss ${count}`
    // Losses without a report: of a recoverer that died first, or of a job that was claimed ahead and waits again.
    const untold = count - (last?.count ?? 0) - 1
    const others = losersIn(span, evidence).filter((pid) => !holders.includes(pid))
    if (untold > others.length) return `only ${others.length} others were lost before loss ${count}`
    last = takeover
  }
  return undefined
}

/** Whether a worker that had the job at some time in a span may have lost it by the end of the span. */
function mayHaveLost(pid: number, jobId: string, span: Span, evidence: Evidence): boolean {
  const { leaseMs, troubles, words } = evidence
  const isIn = (ms: number, graceMs = 0) => ms >= span.fromMs && ms <= span.toMs + graceMs
  if (troubles.some((trouble) => trouble.kind === 'death' && trouble.pid === pid && isIn(trouble.fromMs))) return true
  // It may learn of its loss long after another worker has taken the job over.
  const isTold = words.some(
    (word) =>
      word.what === 'lease_lost' && word.jobId === jobId && word.by === pid && isIn(word.ms, leaseMs + RECONNECT_MS),
  )
  return isTold || mayLoseLeases(pid, span, evidence)
}

/** Workers that died in a span, or could not reach Redis for longer than leases last. */
function losersIn(span: Span, evidence: Evidence): number[] {
  const pids = new Set(
    evidence.troubles.filter(({ kind }) => kind === 'death' || kind === 'stall').map(({ pid }) => pid),
  )
  return [...pids].filter((pid) => mayHaveLost(pid, '', span, evidence))
}
