import { FunctionLoader } from '@rq/functions'
import { SignatureCheck } from '@rq/queue/run'
import { variablesOf } from './horses/horse-env.ts'
import { InlineHorse } from './horses/horse-inline.ts'
import type { HorseStarter } from './horses/horse-port.ts'
import { ProcessHorse } from './horses/horse-process.ts'
import { ThreadHorse } from './horses/horse-thread.ts'
import { watchProcessEnd } from './horses/process-end.ts'
import type { ResultRoom } from './horses/result-room.ts'
import { makeRunTask, type RunTaskOptions } from './inside-horse/run-task.ts'
import type { HorseKind } from './lane-settings.ts'
import type { WorkerSettings } from './options.ts'
import { programFor } from './program.ts'

const IMPORT_ADVICE = 'Restart the worker when the cause is gone: its process does not import the module again'

/** What horses of a worker's own event loop get from it; the others load it themselves. */
type HorseValues = Pick<RunTaskOptions, 'codec' | 'limits' | 'serializer'>

/** Makes what starts horses of a kind. */
export type HorseStarters = (horse: HorseKind) => HorseStarter

export function horseStarters(settings: WorkerSettings, values: HorseValues, room: ResultRoom): HorseStarters {
  const { horsePath, imports, limits } = settings
  const env = variablesOf(settings.horseEnv)
  return (horse) => {
    switch (horse) {
      case 'process': {
        const program = programFor('process', horsePath)
        return (listener) => new ProcessHorse({ program, env, imports, limits, room }, listener)
      }
      case 'thread': {
        const program = programFor('thread', horsePath)
        return (listener) => new ThreadHorse(program, imports, env, listener)
      }
      case 'inline':
        return inlineStarter(settings, values)
    }
  }
}

function inlineStarter(settings: WorkerSettings, values: HorseValues): HorseStarter {
  const { exceptionHandlerRefs, logger, name, returnUnknownForMs, signatureKeys, storage, unserializableResult } =
    settings
  const { allow, functions, importPaths, scripts } = settings
  const loader = new FunctionLoader({
    ...{ allow, functions, importPaths, scripts },
    importAdvice: IMPORT_ADVICE,
    warn: (message) => logger.warn(message),
  })
  const runTask = makeRunTask({
    ...values,
    unserializableResult,
    returnUnknownForMs,
    workerName: name,
    storage,
    loader,
    exceptionHandlers: exceptionHandlerRefs,
    signatures: signatureKeys && new SignatureCheck(signatureKeys, settings.limits.inflated),
  })
  const watch = () => watchProcessEnd(logger, values.codec !== undefined)
  return (listener, slots) => new InlineHorse(runTask, slots, watch, listener)
}
