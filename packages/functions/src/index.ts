export { FunctionLoader, type FunctionLoaderOptions } from './function-loader.ts'
export { functionName, nameFunction, wrapFunction } from './function-name.ts'
export { cachedReference, type LocateOptions, referenceOf } from './locate-function.ts'
export { parsePackageSpecifier, resolvePackageModule } from './package-module.ts'
