import type { AnyFunction, EnqueueOptions, TypedRef } from '@rq/job'

/** A function that `enqueue` accepts: the function itself, or a reference, which may carry its type. */
export type Callable<F extends AnyFunction> = F | TypedRef<F>

/** True for a plain string reference, which carries no type. */
type IsUntyped<F extends AnyFunction> = 0 extends 1 & ReturnType<F>
  ? 0 extends 1 & Parameters<F>[number]
    ? true
    : false
  : false

/** The type of the result of a job that calls `F`. */
export type ResultOf<F extends AnyFunction> = IsUntyped<F> extends true ? unknown : Awaited<ReturnType<F>>

/** `EnqueueOptions` with keyword arguments of a known type. */
type WithKwargs<K, O> = Omit<O, 'kwargs'> & { kwargs: K }

/** A call whose last parameter, an object, comes from `kwargs`. */
type KwargsRest<P extends readonly unknown[], O> =
  Required<P> extends readonly [...infer Leading, infer Last]
    ? Last extends object
      ? Leading extends readonly []
        ? [args: readonly [] | undefined, options: WithKwargs<Last, O>]
        : [args: Readonly<Leading>, options: WithKwargs<Last, O>]
      : never
    : never

/** A call of a function that needs no arguments. */
type NoArgsRest<P extends readonly unknown[], O> = [] extends P ? [args?: undefined, options?: O] : never

/**
 * The parameters of `enqueue` after `F`: the arguments of `F` in one array, then options. The array may be left out
 * only when `F` needs no arguments, and may lack the last one when `kwargs` provides it.
 */
export type CallRest<F extends AnyFunction, O = EnqueueOptions> =
  | [args: Readonly<Parameters<F>>, options?: O]
  | NoArgsRest<Parameters<F>, O>
  | KwargsRest<Parameters<F>, O>
