import { pathToFileURL } from 'node:url'
import { parsePackageSpecifier, resolvePackageModule } from '@rq/functions'

/** Import a module as Node's `--import` does: packages resolve from the working directory, not from this file. */
export async function importFromHere(specifier: string): Promise<Record<string, unknown>> {
  const parsed = parsePackageSpecifier(specifier)
  const file = parsed === undefined ? undefined : await resolvePackageModule(process.cwd(), parsed)
  return import(file === undefined ? specifier : pathToFileURL(file).href)
}
