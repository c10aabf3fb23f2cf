import { relative } from 'node:path'
import process from 'node:process'
import { show } from '@rq/core'
import { isInstalled } from './module-file.ts'
import { packageNameOf } from './package-module.ts'

/** Modules of which a warning was given in this process. */
const warned = new Set<string>()

/**
 * A warning for a function of the project whose code was written in a package, such as `memoize(own)`: workers judge a
 * function by where it was written, so they refuse it unless that package is allowed. A producer does not know what
 * they allow. Undefined when it was written in the project, and after the first one of a module.
 */
export async function madeByPackage(file: string, writtenIn: string | undefined): Promise<string | undefined> {
  if (writtenIn === undefined || !isInstalled(writtenIn) || isInstalled(file) || warned.has(file)) return undefined
  const name = await packageNameOf(writtenIn)
  if (name === undefined) return undefined
  warned.add(file)
  const module = relative(process.cwd(), file)
  return `${module} exports a function that the package ${show(name)} has made, and workers run it only with ${show(name)} in their allow option: or export a function of your own that calls it`
}
