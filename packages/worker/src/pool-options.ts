import type { HorsePool } from './horses/horse-pool.ts'
import type { HorseStarter } from './horses/horse-port.ts'
import type { WorkerSettings } from './options.ts'

/** How many horses of which kind a worker keeps, and what each is told before its first job. */
export function poolOptions(settings: WorkerSettings, start: HorseStarter): ConstructorParameters<typeof HorsePool>[0] {
  const { clock, concurrency, horse, importPaths, logger, prefetch, serializer, horseStorage } = settings
  const isInline = horse === 'inline'
  return {
    size: isInline ? 1 : concurrency,
    lanes: isInline ? concurrency : 1,
    killable: !isInline,
    start,
    prefetch,
    horseMaxJobs: isInline ? 0 : settings.horseMaxJobs,
    horseMaxBytes: isInline ? 0 : settings.horseMaxBytes,
    clock,
    logger,
    setup: {
      workerName: settings.name,
      serializer: typeof serializer === 'string' ? serializer : serializer.name,
      importPaths,
      allow: settings.allow,
      exceptionHandlers: settings.exceptionHandlerRefs,
      ...(horseStorage !== undefined && { storage: horseStorage }),
    },
  }
}
