import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { resolvePackageModule } from '@rq/functions'

const TSX = { name: 'tsx', subpath: './esm/api' }

/**
 * Let tsx load TypeScript in this thread, if `--import` names it. With older versions of Node.js, tsx registers itself
 * in the main thread only. Registering twice is harmless.
 */
export async function registerInThread(): Promise<void> {
  const specifier = preloads().find((preload) => /(?:^|[\\/])tsx(?:[\\/]|$)/.test(preload))
  if (specifier === undefined) return
  const file = await resolvePackageModule(folderOf(specifier), TSX)
  if (file === undefined) return
  const { register } = await import(pathToFileURL(file).href)
  register()
}

/** The modules of all `--import` flags of this thread, from its options and from the environment. */
function preloads(): string[] {
  const flags = [...(process.env.NODE_OPTIONS ?? '').split(/\s+/), ...process.execArgv]
  return flags.flatMap((flag, index) => {
    const [, specifier] = /^--import(?:=(.*))?$/.exec(flag) ?? []
    return flag === '--import' ? (flags[index + 1] ?? []) : (specifier ?? [])
  })
}

/** The folder to resolve tsx from: that of the named module, or the working directory. */
function folderOf(specifier: string): string {
  if (specifier.startsWith('file:')) return dirname(fileURLToPath(specifier))
  return specifier.startsWith('/') ? dirname(specifier) : process.cwd()
}
