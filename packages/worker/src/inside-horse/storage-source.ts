import type { Storage } from '@rq/job'
import type { StorageSource } from './protocol.ts'

/** Modules by name, loaded when they are used. */
export type Modules = Readonly<Record<string, () => Promise<object>>>

let included: Modules = {}

/** Take these modules for sources that name them, instead of importing the names. */
export function includeModules(modules: Modules): void {
  included = modules
}

/** Import the module of a source, and let it make the storage. */
export async function makeStorage({ export: name, module, options }: StorageSource): Promise<Storage> {
  const exports: object = await (included[module]?.() ??
    import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ module))
  return (exports as Readonly<Record<string, (options: unknown) => Promise<Storage>>>)[name]?.(
    options,
  ) as Promise<Storage>
}
