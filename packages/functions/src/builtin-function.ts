import { builtinModules } from 'node:module'
import process from 'node:process'
import type { AnyFunction } from '@rq/job'

const NATIVE = /^(?:async )?function \S+\(\) \{ \[native code\] \}$/
/** Loading one of these prints a warning. They can do nothing that the others cannot. */
const NOISY = new Set(['punycode', 'sys', 'wasi'])

/**
 * Whether `fn` comes with the runtime: `eval`, `Math.max`, `child_process.execSync`, `process.exit`.
 * Bound functions and proxies do not count: their maker decides what they do.
 */
export function isBuiltinFunction(fn: AnyFunction): boolean {
  return NATIVE.test(sourceText(fn)) || loadedBuiltins().some((builtin) => ownValues(builtin).includes(fn))
}

/** Whether `fn` is a class, which cannot be called. */
export function isClass(fn: AnyFunction): boolean {
  return /^class\b/.test(sourceText(fn))
}

/** Whether `fn` is a generator or an async generator: a call only makes an iterator, and runs nothing. */
export function isGenerator(fn: AnyFunction): boolean {
  return /^\[object (?:Async)?GeneratorFunction\]$/.test(Object.prototype.toString.call(fn))
}

/** The source text of `fn`, even if its own `toString` was replaced. */
export function sourceText(fn: AnyFunction): string {
  return Function.prototype.toString.call(fn)
}

/** Only built-in modules that are loaded: no module can export a function of the others. */
function loadedBuiltins(): object[] {
  const { moduleLoadList } = process as { moduleLoadList?: readonly string[] }
  const builtins: object[] = [process]
  for (const id of builtinModules) {
    if (id.startsWith('_') || NOISY.has(id)) continue
    if (moduleLoadList !== undefined && !moduleLoadList.includes(`NativeModule ${id}`)) continue
    const builtin: object | undefined = process.getBuiltinModule(id)
    if (builtin !== undefined) builtins.push(builtin)
  }
  return builtins
}

function ownValues(holder: object): unknown[] {
  return Object.values(Object.getOwnPropertyDescriptors(holder)).map((descriptor) => descriptor.value)
}
