import { fileURLToPath } from 'node:url'
import { type SpawnedProcess, type SpawnProcessOptions, spawnProcess } from './spawn-process.ts'

export interface SpawnNodeOptions extends SpawnProcessOptions {
  /** Options for Node itself: `['--enable-source-maps']`. */
  nodeArgs?: readonly string[]
  /**
   * Run TypeScript, and load the packages of this workspace from source. Default false: a script in JavaScript, with
   * the packages as users have them, from what was built. That starts three times as fast.
   */
  fromSource?: boolean
}

/** Run `script` (a path or a `file:` URL) with Node, as `spawnProcess` does. */
export function spawnNode(
  script: string | URL,
  args: readonly string[] = [],
  { nodeArgs = [], fromSource = false, ...options }: SpawnNodeOptions = {},
): SpawnedProcess {
  const loader = fromSource ? ['--conditions=@rq/source', `--import=${import.meta.resolve('tsx')}`] : []
  const path = /^file:/.test(String(script)) ? fileURLToPath(script) : String(script)
  return spawnProcess(process.execPath, [...loader, ...nodeArgs, path, ...args], options)
}
