import { measure } from '../measure.ts'
import { select } from '../measurements.ts'
import { ownRedis } from '../own-redis.ts'
import { aligned, short } from '../report.ts'
import { runStep } from '../run-step.ts'
import { median } from '../statistics.ts'
import type { Measured } from '../step.ts'
import { loadSubject, OURS } from '../subjects.ts'
import { FLOORS, type FloorName, STEPS } from './floors.ts'

/** Figures of the rounds, by measurement or floor. */
type Found = Map<string, Measured[]>

const COLUMNS = ['rate', 'redisUs', 'mainUs', 'childUs'] as const

/** Measure ours and every floor, in turn, each on a fresh Redis. */
export async function measureFloors(rounds: number): Promise<Found> {
  const found: Found = new Map()
  const add = async (name: string, run: () => Promise<Measured>) => {
    process.stderr.write(`${name}\n`)
    found.set(name, [...(found.get(name) ?? []), await run()])
  }
  const subject = await loadSubject(OURS)
  for (let round = 0; round < rounds; round++) {
    for (const floor of Object.keys(FLOORS)) await add(floor, () => measureFloor(floor as FloorName))
    for (const measurement of select(STEPS.map((step) => step.measurement))) {
      await add(measurement.name, () => measure(measurement, subject, undefined))
    }
  }
  return found
}

async function measureFloor(floor: FloorName): Promise<Measured> {
  const { pid, stop, url } = await ownRedis([])
  try {
    const server = { kind: 'redis', url, direct: url, pid } as const
    return await runStep({ subject: OURS, server, step: { do: 'floor', floor } }, undefined)
  } finally {
    await stop()
  }
}

/** What each step costs, and below it the floors that it stands on. */
export function floorTable(found: Found): string {
  const rows = STEPS.flatMap(({ floors, measurement, what }) => [
    [`${what}: ours`, ...cells(found.get(measurement))],
    ...floors.map((floor) => [`  ${FLOORS[floor]}`, ...cells(found.get(floor))]),
    COLUMNS.map(() => ''),
  ])
  const head = ['medians per job', '/s', 'redis us', 'main us', 'child us']
  return aligned([head, ...rows])
}

function cells(rounds: readonly Measured[] = []): string[] {
  return COLUMNS.map((name) => {
    const values = rounds.flatMap(({ figures }) => figures?.[name] ?? [])
    return values.length === 0 ? '' : short(median(values))
  })
}
