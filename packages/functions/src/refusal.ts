import { relative } from 'node:path'
import process from 'node:process'
import { RqError, show } from '@rq/core'
import { type AnyFunction, isExportName } from '@rq/job'
import { isBuiltinFunction, isClass, isGenerator, sourceText } from './builtin-function.ts'
import { isBundle } from './bundle.ts'
import type { Home } from './exporting-modules.ts'
import { innerFunction } from './function-name.ts'
import type { FoundPlace, Script } from './function-script.ts'
import { heldBelow } from './held-function.ts'
import type { ModuleNames, NamedHome } from './module-names.ts'

/** The error for a function that no worker could call. `problem` is a clause. */
export function refuseUncallable(fn: AnyFunction, problem: string): RqError {
  if (isClass(innerFunction(fn))) return refusal(fn, 'it is a class', 'Enqueue one of its static methods.')
  const advice = isGenerator(innerFunction(fn))
    ? 'Export a function that iterates over it.'
    : 'Export a plain function that calls it.'
  return refusal(fn, `it ${problem}`, advice)
}

/** The error for a function of which the engine does not know a module. */
export function refuseUnknown(fn: AnyFunction, place: 'native' | 'unknown'): RqError {
  if (place === 'native') {
    const what = isBuiltinFunction(innerFunction(fn)) ? 'a built-in function' : 'a native function'
    return refusal(fn, `it is ${what}, whose module is unknown`, 'Export a function of your own that calls it.')
  }
  const { bun } = process.versions
  const why = bun === undefined ? "Node's inspector is missing or not permitted here" : `Bun ${bun} does not say`
  return refusal(
    fn,
    `the module where it was written is unknown (${why}), and none of the loaded modules that are known exports it`,
    nameIt(fn),
  )
}

/** The error for a function of the script that was started. */
export function refuseEntry(fn: AnyFunction, file: string): RqError {
  return refusal(
    fn,
    `it belongs to the script that was started (${shown(file)}), which a worker would run again to reach it`,
    `Move it to a module of its own. If the program is bundled, name the module of the source: ${refLine(fn)}.`,
  )
}

/** The error for a function that was made from text. */
export function refuseText(fn: AnyFunction): RqError {
  return refusal(fn, 'it was not written in a module file', `Move it into one and export it. ${nameIt(fn)}`)
}

/** The error for a function of a module that runs, and that cannot be imported. */
export function refuseHidden(fn: AnyFunction, file: string, named: NamedHome | undefined): RqError {
  return refusal(
    fn,
    `its module (${shown(file)}) was loaded by a test runner or a loader that keeps its modules to itself, such as Jest`,
    `Name it: ${refLine(fn, named?.module)}.`,
  )
}

/** The error for a function that was found, in a module that no reference can name. */
export function refuseUnnamed(fn: AnyFunction, home: Home | undefined, { importPaths }: ModuleNames): RqError {
  return refusal(
    fn,
    `its module ${shown(home?.file ?? '')} lies outside of the import paths (${importPaths.join(', ')}), and no package that they can import exports it`,
    `Set importPaths here, and --path of the worker, to a folder that holds it. Or name it: ${refLine(fn)}.`,
  )
}

/** What is known of a function that no module exports. */
export interface Unexported {
  /** The exports of its module. */
  readonly modules: readonly object[]
  readonly script: Script
  readonly place: FoundPlace
}

/** The error for a function that no module exports. */
export async function refuseUnexported(fn: AnyFunction, file: string, known: Unexported): Promise<RqError> {
  if (known.place.isTarget) {
    const why = `it is bound, or a proxy, and no module exports it (its target was written in ${shown(file)})`
    return refusal(fn, why, 'Export a function that calls it, and pass what it needs as arguments.')
  }
  for (const exports of known.modules) {
    const held = heldBelow(exports, fn)
    if (held !== undefined) return refusal(fn, `${held.why} (in ${shown(file)})`, held.advice)
  }
  if (await isBundle(file, known.script.sourceMapUrl)) {
    return refusal(
      fn,
      `it was written in a bundle (${shown(file)}), which workers do not import`,
      `Name the module of the source: ${refLine(fn)}.`,
    )
  }
  if (isMethod(fn)) {
    return refusal(
      fn,
      `it is a method that uses "this" (in ${shown(file)}), which cannot be sent to a worker`,
      'Export a function that makes the object and calls the method.',
    )
  }
  return refusal(
    fn,
    `no module exports it (it was written in ${shown(file)})`,
    `Export it from its module. What was made within another function cannot be enqueued: pass what it needs as arguments. If this file is a bundle, name the module of the source: ${refLine(fn)}.`,
  )
}

/** The error for a function of a module whose top level has not ended. */
export function refuseLoading(fn: AnyFunction, file: string): RqError {
  return refusal(
    fn,
    `its module ${shown(file)} is still being loaded`,
    'Enqueue after its top level has run, not within it.',
  )
}

/** Methods have no `function` and no arrow. */
const METHOD = /^(?:async\s+)?\*?\s*(?!function\b|async\b)(?:[\w$#]+|\[[^\]]*\]|'[^']*'|"[^"]*")\s*\(/

function isMethod(fn: AnyFunction): boolean {
  const source = sourceText(fn)
  return METHOD.test(source) && /\b(?:this|super)\b/.test(source)
}

const nameIt = (fn: AnyFunction): string => `Or name it by hand: ${refLine(fn)}.`

/** The line of code that names a function, with its type. */
function refLine(fn: AnyFunction, module = './path/to/module'): string {
  const name = isExportName(fn.name) && fn.name !== 'default' ? fn.name : 'fn'
  return `ref<typeof ${name}>('${module}#${name}')`
}

function refusal(fn: AnyFunction, why: string, advice: string): RqError {
  return new RqError('RQ_INVALID_REFERENCE', `Cannot enqueue ${show(fn)}: ${why}. ${advice}`)
}

const shown = (file: string): string => relative(process.cwd(), file) || file
