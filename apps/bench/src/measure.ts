import { Redis } from 'ioredis'
import type { Measurement } from './measurements.ts'
import { ownPostgres } from './own-postgres.ts'
import { ownRedis } from './own-redis.ts'
import { type ProfileFolder, runStep } from './run-step.ts'
import { slowNetwork } from './slow-network.ts'
import type { Figures, Measured, ServerAddress, Step } from './step.ts'
import type { Subject } from './subject.ts'

/** One measurement of one library, on a fresh server. */
export async function measure(measurement: Measurement, subject: Subject, profile: ProfileFolder): Promise<Measured> {
  const { networkMs, redis: args = [], show, steps } = measurement
  const kind = subject.server ?? 'redis'
  // What is about Redis itself.
  if (kind !== 'redis' && (networkMs !== undefined || args.length > 0 || measurement.memory !== undefined)) {
    return { figures: undefined }
  }
  if (!canDo(subject, steps(1).at(-1))) return { figures: undefined }
  const server = kind === 'redis' ? await ownRedis(args) : await ownPostgres()
  const network = networkMs === undefined ? undefined : await slowNetwork(server.url, networkMs)
  const { pid, url: direct } = server
  try {
    const address = { kind, url: network?.url ?? direct, direct, pid }
    const { figures, ...rest } = await runSteps(measurement, subject, address, profile)
    if (figures === undefined || show === undefined) return { figures, ...rest }
    return { figures: Object.fromEntries(show.flatMap((key) => pair(figures, key))), ...rest }
  } finally {
    await network?.close()
    await server.stop()
  }
}

/** Whether a library can do the step that counts, so that no other one is done for nothing. */
function canDo({ kinds }: Subject, step: Step | undefined): boolean {
  return step?.do !== 'process' || kinds.includes(step.kind)
}

async function runSteps(
  { memory, steps }: Measurement,
  subject: Subject,
  server: ServerAddress,
  profile: ProfileFolder,
): Promise<Measured> {
  const list = steps(subject.share ?? 1)
  const bytes: Record<string, number> = {}
  const empty = memory === undefined ? 0 : await usedMemory(server.direct)
  let measured: Measured = { figures: {} }
  for (const [index, step] of list.entries()) {
    const isLast = index === list.length - 1
    const address = step.do === 'fill' ? { ...server, url: server.direct } : server
    measured = await runStep({ subject: subject.name, server: address, step }, isLast ? profile : undefined)
    if (measured.figures === undefined) return measured
    const name = memory?.[index]
    if (name !== undefined) bytes[name] = ((await usedMemory(server.direct)) - empty) / jobsOf(list[0])
  }
  return { ...measured, figures: { ...measured.figures, ...bytes } }
}

function pair(figures: Figures, key: string): [string, number][] {
  const value = figures[key]
  return value === undefined ? [] : [[key, value]]
}

function jobsOf(step: Step | undefined): number {
  if (step?.do !== 'fill') throw new Error('Memory is measured after a fill.')
  return step.jobs
}

async function usedMemory(url: string): Promise<number> {
  const redis = new Redis(url)
  try {
    const info = await redis.info('memory')
    return Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0)
  } finally {
    redis.disconnect()
  }
}
