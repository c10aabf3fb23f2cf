export { type AnyFunction, type FunctionRef, type ParsedFunctionRef, parseFunctionRef, ref, type TypedRef } from './function-ref.ts'
