import { silentLogger } from '@rq/core'
import type { HorsePoolOptions } from './horses/horse-pool.ts'
import type { HorseStarter } from './horses/horse-port.ts'
import type { HorseCount } from './horses/horse-set.ts'
import type { HorseKind, LaneSettings } from './lane-settings.ts'
import type { WorkerSettings } from './options.ts'

/** How many horses run so many jobs at once: as many, or one. */
export function horseCount(horse: HorseKind, concurrency: number): HorseCount {
  return horse === 'inline' ? { size: 1, slots: concurrency } : { size: concurrency, slots: 1 }
}

/** The options of the horse pool of a lane that follow from its settings. */
export function poolOptions(
  settings: WorkerSettings,
  lane: LaneSettings,
  start: HorseStarter,
): Omit<HorsePoolOptions, 'log' | 'onRoom' | 'onBroken' | 'onJobsKnown'> {
  const { clock, codec, importPaths, jobs, logger, serializer, horseStorage, returnUnknownForMs, signatureKeys } =
    settings
  const { concurrency, horse, prefetch } = lane
  const isInline = horse === 'inline'
  const isClosed = settings.horseEnv !== 'inherit'
  return {
    ...horseCount(horse, concurrency),
    killable: !isInline,
    start,
    prefetch,
    horseMaxJobs: isInline ? 0 : lane.horseMaxJobs,
    horseMaxBytes: isInline ? 0 : lane.horseMaxBytes,
    isWatching: settings.watch,
    storage: settings.storage,
    isOwnOnly: isClosed,
    clock,
    logger,
    setup: {
      workerName: settings.name,
      serializer: typeof serializer === 'string' ? serializer : serializer.name,
      ...(typeof codec === 'string' && { codec }),
      ...(typeof jobs === 'string' && { jobs }),
      importPaths,
      allow: settings.allow,
      scripts: settings.scripts,
      exceptionHandlers: settings.exceptionHandlerRefs,
      ...(signatureKeys !== undefined && { signatureKeys }),
      limits: settings.limits,
      unserializableResult: settings.unserializableResult,
      ...(returnUnknownForMs !== undefined && { returnUnknownForMs }),
      ...(logger !== silentLogger && { isLogged: true }),
      ...(horseStorage !== undefined && !isClosed && { storage: horseStorage }),
    },
  }
}
