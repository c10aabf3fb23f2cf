import { existsSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { RqError } from '@rq/core'

/** What a worker starts as a process or a thread, and the built file of this package that does it. */
const FILES = {
  process: 'process-main.js',
  thread: 'thread-main.js',
  watchdog: 'watchdog.js',
  'lease-thread': 'lease-thread.js',
  'pool-worker': 'pool-worker-main.js',
} as const

export type Role = keyof typeof FILES

const FLAG = '--rq-role='

/** The file that a process or thread runs, and its arguments. */
export interface Program {
  readonly file: string
  readonly args: readonly string[]
}

/**
 * The program for a role: a file of this package, or `horsePath`, which does all roles.
 * @throws RqError `RQ_CONFIG` when there is no such file: one error instead of one from each start.
 */
export function programFor(role: Role, horsePath: string | undefined): Program {
  const file = horsePath ?? ownFile(FILES[role])
  if (!existsSync(file)) {
    const why = horsePath === undefined ? ': the program seems to be bundled' : ' (option horsePath)'
    throw new RqError(
      'RQ_CONFIG',
      `The worker's own file ${file} does not exist${why}. Keep rq out of the bundle (external), or bundle rq/horse into a file of its own and give the path of that file as the option horsePath.`,
    )
  }
  return { file, args: horsePath === undefined ? [] : [FLAG + role] }
}

/** The role that the file of this process or thread is started for; undefined when it has just one. */
export function givenRole(): Role | undefined {
  const role = process.argv.find((arg) => arg.startsWith(FLAG))?.slice(FLAG.length)
  return role !== undefined && role in FILES ? (role as Role) : undefined
}

/** A worker that runs from source uses the built files, since a child process has no loader for TypeScript. */
function ownFile(name: string): string {
  try {
    const here = import.meta.url
    return fileURLToPath(new URL(here.endsWith('.ts') ? `../dist/${name}` : `./${name}`, here))
  } catch {
    // Some bundlers leave no trace of where a module was.
    return name
  }
}
