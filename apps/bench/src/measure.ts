import { Redis } from 'ioredis'
import type { Measurement } from './measurements.ts'
import { ownRedis } from './own-redis.ts'
import { type ProfileFolder, runStep } from './run-step.ts'
import { slowNetwork } from './slow-network.ts'
import type { CommandUse, Figures, Step } from './step.ts'
import type { Subject } from './subject.ts'

export interface Measured {
  /** Absent if the library cannot do it. */
  readonly figures: Figures | undefined
  readonly commands?: CommandUse
}

/** One measurement of one library, on a fresh Redis. */
export async function measure(measurement: Measurement, subject: Subject, profile: ProfileFolder): Promise<Measured> {
  const { memory, networkMs, redis: args = [], show, steps } = measurement
  const server = await ownRedis(args)
  const network = networkMs === undefined ? undefined : await slowNetwork(server.url, networkMs)
  const redis = new Redis(server.url)
  try {
    const bytes: Record<string, number> = {}
    const empty = await usedMemory(redis)
    let figures: Figures | undefined
    let commands: CommandUse | undefined
    const list = steps(subject.share ?? 1)
    for (const [index, step] of list.entries()) {
      const isLast = index === list.length - 1
      const url = step.do === 'fill' ? server.url : (network?.url ?? server.url)
      const reply = await runStep({ subject: subject.name, url, step }, isLast ? profile : undefined)
      figures = reply.figures
      commands = reply.commands
      if (figures === undefined) return { figures }
      const name = memory?.[index]
      if (name === undefined) continue
      bytes[name] = ((await usedMemory(redis)) - empty) / jobsOf(list[0])
    }
    const all = { ...figures, ...bytes }
    const shown = show === undefined ? all : Object.fromEntries(show.flatMap((key) => pair(all, key)))
    return { figures: shown, ...(commands !== undefined && { commands }) }
  } finally {
    redis.disconnect()
    await network?.close()
    await server.stop()
  }
}

function pair(figures: Figures, key: string): [string, number][] {
  const value = figures[key]
  return value === undefined ? [] : [[key, value]]
}

function jobsOf(step: Step | undefined): number {
  if (step?.do !== 'fill') throw new Error('Memory is measured after a fill.')
  return step.jobs
}

async function usedMemory(redis: Redis): Promise<number> {
  const info = await redis.info('memory')
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0)
}
