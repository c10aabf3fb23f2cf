import { spawnSync } from 'node:child_process'

let found: readonly string[] | undefined

/**
 * The command prefix that makes the kernel kill a process when its parent ends: `setpriv` of util-linux where it works,
 * else empty. Looked up once.
 */
export function deathSignalPrefix(): readonly string[] {
  if (found === undefined) {
    const command = ['setpriv', '--pdeathsig', 'KILL', '--']
    const usable = process.platform === 'linux' && runs([...command, 'true'])
    found = usable ? command : []
  }
  return found
}

function runs([command = '', ...args]: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 5000 }).status === 0
}
