import { RqError, show } from '@rq/core'
import { type AnyFunction, parseFunctionRef } from '@rq/job'

const NAME: unique symbol = Symbol.for('rq.function.name')
const WRAPPED: unique symbol = Symbol.for('rq.function.wrapped')

/**
 * A function that carries a name or the function it wraps. The symbols are global, so that two copies of this package
 * agree.
 */
type Marked = AnyFunction & { readonly [NAME]?: string; readonly [WRAPPED]?: AnyFunction }

/**
 * Give `fn` the plain name under which workers register it (`functions: { name: fn }`), and return it.
 * For bundled producers, which have no modules left to refer to: the name is stored as it is, and nothing is looked up.
 * @throws RqError `RQ_INVALID_REFERENCE` when `name` is not a plain name, or when `fn` is frozen.
 */
export function nameFunction<F extends AnyFunction>(fn: F, name: string): F {
  if (parseFunctionRef(name).kind !== 'name') {
    throw new RqError(
      'RQ_INVALID_REFERENCE',
      `Not a function name: ${show(name)}. Expected one word of letters, digits, "_", "$" or "-".`,
    )
  }
  return mark(fn, NAME, name)
}

/** The name given by {@link nameFunction}, if any. */
export function functionName(fn: AnyFunction): string | undefined {
  return Object.hasOwn(fn, NAME) ? (fn as Marked)[NAME] : undefined
}

/**
 * Mark `wrapper` as standing for `inner`, and return it. It is looked for in the module where `inner` was written,
 * because the code of the wrapper itself lies in the module of the function that wraps.
 * @throws RqError `RQ_INVALID_REFERENCE` when `wrapper` is frozen.
 */
export function wrapFunction<F extends AnyFunction>(wrapper: F, inner: AnyFunction): F {
  return mark(wrapper, WRAPPED, inner)
}

/** The innermost function that `fn` stands for; `fn` itself when it wraps none. */
export function innerFunction(fn: AnyFunction): AnyFunction {
  let inner: Marked = fn
  for (let depth = 0; depth < 10 && Object.hasOwn(inner, WRAPPED); depth++) inner = inner[WRAPPED] ?? inner
  return inner
}

function mark<F extends AnyFunction>(fn: F, key: typeof NAME | typeof WRAPPED, value: unknown): F {
  if (Reflect.defineProperty(fn, key, { value, configurable: true })) return fn
  throw new RqError('RQ_INVALID_REFERENCE', `Cannot mark ${show(fn)}: it is frozen. Mark it before it is frozen.`)
}
