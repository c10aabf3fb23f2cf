import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { resolvePackageModule } from '@rq/functions'

const TSX = { name: 'tsx', subpath: './esm/api' }

/**
 * Let tsx load TypeScript in this thread, if it was asked for by `--import`. With older versions of Node.js it does so
 * by itself in the main thread alone. A second time does no harm.
 */
export async function registerInThread(): Promise<void> {
  const specifier = preloads().find((preload) => /(?:^|[\\/])tsx(?:[\\/]|$)/.test(preload))
  if (specifier === undefined) return
  const file = await resolvePackageModule(folderOf(specifier), TSX)
  if (file === undefined) return
  const { register } = await import(pathToFileURL(file).href)
  register()
}

/** The modules of every `--import` of this thread, from its options and from the environment. */
function preloads(): string[] {
  const flags = [...(process.env.NODE_OPTIONS ?? '').split(/\s+/), ...process.execArgv]
  return flags.flatMap((flag, index) => {
    const [, specifier] = /^--import(?:=(.*))?$/.exec(flag) ?? []
    return flag === '--import' ? (flags[index + 1] ?? []) : (specifier ?? [])
  })
}

/** Where tsx is looked for: where the module is that was named, or where a package would be. */
function folderOf(specifier: string): string {
  if (specifier.startsWith('file:')) return dirname(fileURLToPath(specifier))
  return specifier.startsWith('/') ? dirname(specifier) : process.cwd()
}
