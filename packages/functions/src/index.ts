export { FunctionLoader, type FunctionLoaderOptions } from './function-loader.ts'
export { functionName, nameFunction, wrapFunction } from './function-name.ts'
export { cachedReference, type LocateOptions, locateFunction, referenceOf } from './locate-function.ts'
export { parsePackageSpecifier, resolvePackageModule } from './package-module.ts'
