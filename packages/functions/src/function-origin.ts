import { realpath } from 'node:fs/promises'
import { show } from '@rq/core'
import type { AnyFunction } from '@rq/job'
import { isBuiltinFunction, sourceText } from './builtin-function.ts'
import { innerFunction } from './function-name.ts'
import { type FoundPlace, type Place, placeOf, scriptWithId } from './function-script.ts'
import { importIsNative } from './import-module.ts'
import { filePath } from './loaded-module.ts'
import { isInstalled, pathBelow } from './module-file.ts'
import { packageNameOf } from './package-module.ts'

/** A module that a reference names. */
export interface NamedModule {
  readonly file: string
  readonly text: string
}

/**
 * Why a function that a module exports may not be called, as a clause for a message; undefined when it may be. Only
 * where its code was written counts, not who exports it: `export *` of a package, or a function that Node.js or a
 * package has made (`promisify(exec)`), would give the author of a reference more than the author of the module has
 * written. A function bound to others, and a proxy, is judged by its target.
 *
 * `homes` are the folders whose code may be called, without the packages that are installed in them. They are read only
 * when the function was not written in `module` itself.
 */
export async function originProblem(
  fn: AnyFunction,
  module: NamedModule,
  homes: () => Promise<readonly string[]>,
): Promise<string | undefined> {
  const inner = innerFunction(fn)
  const place = await placeIfKnown(inner)
  if (place === 'unknown') return isBuiltinFunction(inner) ? 'is a built-in function' : undefined
  if (place === 'native') return 'is a built-in function'
  return isWrittenAt(inner, place, module.text) ? undefined : scriptProblem(place, homes)
}

/**
 * `unknown` where the engine does not say it, and in a test runner, whose mocks are functions of its own: there only
 * functions that come with the runtime are recognized, by their identity.
 */
async function placeIfKnown(fn: AnyFunction): Promise<FoundPlace | 'native' | 'unknown'> {
  return importIsNative ? placeOf(fn) : 'unknown'
}

/** Whether the code of `fn` stands in `text` at its place. It saves the debugger, which takes 30 ms to start. */
function isWrittenAt(fn: AnyFunction, { columnNumber, lineNumber }: Place, text: string): boolean {
  let line = 0
  for (let left = lineNumber; left > 0; left--) {
    line = text.indexOf('\n', line) + 1
    if (line === 0) return false
  }
  const at = line + columnNumber
  const source = sourceText(fn)
  const start = text.lastIndexOf(source, at)
  return start !== -1 && start + source.length > at
}

async function scriptProblem(place: Place, homes: () => Promise<readonly string[]>): Promise<string | undefined> {
  const url = (await scriptWithId(place.scriptId))?.url ?? ''
  if (url.startsWith('node:')) return `is a function of Node's own, or made by one (${url}). ${WRAP_IT}`
  const file = filePath(url)
  if (file === '') return `was not written in a module file, but made from text. ${WRAP_IT}`
  const real = await realpath(file).catch(() => file)
  for (const home of await homes()) {
    const path = pathBelow(home, real)
    if (path !== undefined && !isInstalled(path)) return undefined
  }
  const name = await packageNameOf(real)
  if (name === undefined) return `was written in a file outside of the project of the import paths. ${WRAP_IT}`
  return `was written in the package ${show(name)}, which is not in the worker's allow option. ${WRAP_IT}`
}

const WRAP_IT = 'Export a function of your own that calls it'
