import { type AnyFunction, isExportName } from '@rq/job'
import { isClass, isGenerator } from './builtin-function.ts'
import { innerFunction } from './function-name.ts'

/**
 * The end of an export path. `refused` exists but may not be called, `missing` does not exist; `why` is a clause for a
 * message.
 */
export type ExportLookup =
  /** `bound` is what to call: a static method is bound to its class. */
  | { readonly outcome: 'found'; readonly fn: AnyFunction; readonly bound: AnyFunction }
  | { readonly outcome: 'refused' | 'missing'; readonly why: string }

type Holder = object | AnyFunction
type Own = { readonly value: unknown } | 'getter' | undefined

const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype', 'then'])
const LONGEST_PATH = 3
const OF_EVERY_FUNCTION: ReadonlySet<string> = new Set(['length', 'name', 'arguments', 'caller'])

/**
 * The first name in a path that is never followed, whatever the module exports: it leads to `Function`, or makes a
 * promise call it.
 */
export function forbiddenName(path: readonly string[]): string | undefined {
  return path.find((name) => FORBIDDEN.has(name))
}

/**
 * Walk from a module's exports down to a function. Every step is an own data property of a module, a class, a function
 * or a plain object: no prototypes and no getters, except those of module objects themselves. A name that the module
 * does not export is looked up in its default export, where CommonJS keeps `module.exports`.
 */
export function readExport(exports: object, path: readonly string[]): ExportLookup {
  let holder: Holder = exports
  let value: unknown = exports
  for (const [index, name] of path.entries()) {
    if (FORBIDDEN.has(name)) return { outcome: 'refused', why: `"${name}" is never followed` }
    if (!isHolder(value)) {
      return {
        outcome: 'refused',
        why: `${shownPath(path, index)} is not a module, a class, a function or a plain object`,
      }
    }
    holder = index === 0 ? whereExported(value, name) : value
    const own = readOwn(holder, name)
    if (own === 'getter') return { outcome: 'refused', why: `${shownPath(path, index + 1)} is a getter` }
    if (own === undefined) {
      if (name in holder) return { outcome: 'refused', why: `${shownPath(path, index + 1)} is inherited` }
      return { outcome: 'missing', why: `it has no ${shownPath(path, index + 1)}` }
    }
    value = index === 0 && name === 'default' ? unwrapDefault(own.value) : own.value
  }
  if (typeof value !== 'function') return { outcome: 'refused', why: `${shownPath(path)} is not a function` }
  const fn = value as AnyFunction
  const problem = callProblem(fn)
  if (problem !== undefined) return { outcome: 'refused', why: `${shownPath(path)} ${problem}` }
  return { outcome: 'found', fn, bound: holder === exports ? fn : fn.bind(holder) }
}

/** Why a function cannot be returned from a promise and called, as a clause for a message; undefined when it can. */
export function callProblem(fn: AnyFunction): string | undefined {
  if (isClass(fn)) return 'is a class, which cannot be called; name one of its static methods'
  if (isGenerator(innerFunction(fn))) return 'is a generator, which does nothing until something iterates over it'
  if ('then' in fn) return 'has a "then", so that awaiting it would call it'
  return undefined
}

/** The shortest export path below `exports` to a value that `isWanted`; undefined when no reference can express one. */
export function findExport(exports: object, isWanted: (value: unknown) => boolean): readonly string[] | undefined {
  const seen = new Set<unknown>([exports])
  let level: { path: readonly string[]; value: Holder }[] = [{ path: [], value: exports }]
  for (let length = 1; length <= LONGEST_PATH; length++) {
    const below: typeof level = []
    for (const { path, value: holder } of level) {
      for (const name of expressibleNames(holder)) {
        const own = readOwn(holder, name)
        if (own === undefined || own === 'getter') continue
        if (isWanted(own.value)) return [...path, name]
        if (!isHolder(own.value) || seen.has(own.value)) continue
        seen.add(own.value)
        below.push({ path: [...path, name], value: own.value })
      }
    }
    level = below
  }
  return undefined
}

/** Own names that a reference can hold. `default` comes last, so that another name is preferred. */
function expressibleNames(holder: Holder): string[] {
  const names = Object.getOwnPropertyNames(holder).filter(
    (name) => isExportName(name) && !FORBIDDEN.has(name) && !(isFunction(holder) && OF_EVERY_FUNCTION.has(name)),
  )
  return names.sort((a, b) => Number(a === 'default') - Number(b === 'default'))
}

/** Compiled CommonJS keeps its default export one level down, in an object that is marked `__esModule`. */
function unwrapDefault(value: unknown): unknown {
  if (isFunction(value) || !isHolder(value) || !isCompiledModule(value)) return value
  const own = readOwn(value, 'default')
  return own === undefined || own === 'getter' ? value : own.value
}

/** A module's exports, or its default export when only that one has the name. */
function whereExported(exports: Holder, name: string): Holder {
  if (Object.hasOwn(exports, name)) return exports
  const own = readOwn(exports, 'default')
  if (own === undefined || own === 'getter' || !isHolder(own.value)) return exports
  return Object.hasOwn(own.value, name) ? own.value : exports
}

function readOwn(holder: Holder, name: string): Own {
  const descriptor = Object.getOwnPropertyDescriptor(holder, name)
  if (descriptor === undefined) return undefined
  if ('value' in descriptor) return { value: descriptor.value }
  if (!isNamespace(holder) && !isCompiledModule(holder)) return 'getter'
  return { value: descriptor.get?.call(holder) }
}

function isHolder(value: unknown): value is Holder {
  if (isFunction(value)) return true
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // A plain object of another realm has another Object.prototype, whose own prototype is null as well.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

const isFunction = (value: unknown): value is AnyFunction => typeof value === 'function'

function isNamespace(holder: Holder): boolean {
  return Object.getOwnPropertyDescriptor(holder, Symbol.toStringTag)?.value === 'Module'
}

function isCompiledModule(holder: Holder): boolean {
  return Object.getOwnPropertyDescriptor(holder, '__esModule')?.value === true
}

function shownPath(path: readonly string[], length: number = path.length): string {
  return length === 0 ? 'what the module exports' : `"${path.slice(0, length).join('.')}"`
}
