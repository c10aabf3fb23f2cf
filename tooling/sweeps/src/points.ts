/**
 * A command in the life of a worker: the `nth` one of this name. The order of all commands differs from run to run,
 * since several connections send them, so a number in that order would mean another command each time.
 */
export interface CommandPoint {
  readonly name: string
  readonly nth: number
}

/** A slow machine sends more commands that depend on time, and the later ones add nothing. */
const MOST_OF_A_NAME = 12

/** The commands that every worker sends at least once in the life of a job, however fast or slow it is. */
const CERTAIN: ReadonlySet<string> = new Set(['register', 'heartbeat', 'subscribe', 'claim', 'settle'])

/** After these a connection only streams: there is no reply to lose. */
const STREAMING: ReadonlySet<string> = new Set(['subscribe', 'psubscribe', 'unsubscribe', 'punsubscribe'])

/** Every command of a life, as points. */
export function pointsOf(commands: readonly string[]): CommandPoint[] {
  const counts = new Map<string, number>()
  const points = commands.map((name) => {
    const nth = (counts.get(name) ?? 0) + 1
    counts.set(name, nth)
    return { name, nth }
  })
  return points.filter(({ nth }) => nth <= MOST_OF_A_NAME)
}

/** Whether a fault can happen between the command and its reply. */
export function hasReply({ name }: CommandPoint): boolean {
  return !STREAMING.has(name)
}

/** Whether every worker must reach a point that an undisturbed one reached. */
export function isCertain({ name, nth }: CommandPoint): boolean {
  return nth === 1 && CERTAIN.has(name)
}

/**
 * Calls `onPoint` when the command of a point arrives, and never again.
 * @returns what a `faultProxy` calls for each command.
 */
export function atPoint<T>(
  { name, nth }: CommandPoint,
  onPoint: () => T,
): (command: { name: string }) => T | undefined {
  let count = 0
  return (command) => {
    if (command.name !== name) return undefined
    count += 1
    return count === nth ? onPoint() : undefined
  }
}

/**
 * A fixed sample of the points of many lives: the first of each kind in any life, and one settlement of every life,
 * since scenarios differ in those. For `before` it is the first settlement, else the second, if there is one.
 */
export class Sample {
  readonly #kinds = new Set<string>()

  /** `kind` names the fault at these points, such as `before`. Each kind of fault has a sample of its own. */
  of(points: readonly CommandPoint[], kind: string): CommandPoint[] {
    const settles = points.filter(({ name }) => name === 'settle')
    const own = kind === 'before' ? settles[0] : (settles[1] ?? settles[0])
    return points.filter((point) => {
      const isNew = !this.#kinds.has(`${kind} ${point.name}`)
      this.#kinds.add(`${kind} ${point.name}`)
      return isNew || point === own
    })
  }
}
