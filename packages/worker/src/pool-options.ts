import { silentLogger } from '@rq/core'
import type { HorsePoolOptions } from './horses/horse-pool.ts'
import type { HorseStarter } from './horses/horse-port.ts'
import type { HorseCount } from './horses/horse-set.ts'
import type { HorseKind, WorkerSettings } from './options.ts'

/** How many horses run so many jobs at once: as many, or one. */
export function horseCount(horse: HorseKind, concurrency: number): HorseCount {
  return horse === 'inline' ? { size: 1, slots: concurrency } : { size: concurrency, slots: 1 }
}

/** The options of a worker's horse pool that follow from its settings. */
export function poolOptions(
  settings: WorkerSettings,
  start: HorseStarter,
): Omit<HorsePoolOptions, 'log' | 'onRoom' | 'onBroken'> {
  const { clock, codec, concurrency, horse, importPaths, logger, prefetch, serializer, horseStorage, signatureKeys } =
    settings
  const { jobs, returnUnknownForMs } = settings
  const isInline = horse === 'inline'
  const isClosed = settings.horseEnv !== 'inherit'
  return {
    ...horseCount(horse, concurrency),
    killable: !isInline,
    start,
    prefetch,
    horseMaxJobs: isInline ? 0 : settings.horseMaxJobs,
    horseMaxBytes: isInline ? 0 : settings.horseMaxBytes,
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
