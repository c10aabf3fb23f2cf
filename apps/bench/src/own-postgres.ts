import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { chown, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { OwnServer } from './own-redis.ts'

/** Where Debian keeps the programs of each version. */
const DEBIAN = '/usr/lib/postgresql'
const USER = 'bench'
const START_MS = 30_000
/** As little care for the disk as the Redis of the bench takes. */
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'shared_buffers=256MB']

/**
 * Starts the server, says its process id, and ends it and removes its folder when its own input ends: when `stop` is
 * called, or this process ends in any way.
 */
const KEEPER = `
trap '' INT TERM HUP
folder=$1; shift
"$@" < /dev/null > "$folder/log" 2>&1 &
echo $!
cat > /dev/null
kill -QUIT $!
wait $!
rm -rf "$folder"
`

/** The folder of the programs of Postgres, the newest version first; undefined if there is none. */
export function postgresPrograms(): string | undefined {
  const newest = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...newest.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ]
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))))
}

/**
 * Start a Postgres with an empty database, in a temporary folder and on a socket there.
 * @throws Error if it is not installed or does not start.
 */
export async function ownPostgres(): Promise<OwnServer> {
  const programs = postgresPrograms()
  if (programs === undefined) throw new Error('Postgres is not installed.')
  const folder = await mkdtemp(join(tmpdir(), 'rq-postgres-'))
  // Postgres refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}
  if (user.uid !== undefined) await chown(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  execFileSync(join(programs, 'initdb'), ['-D', data, '-U', USER, '-A', 'trust', '-N', '--no-locale', '-E', 'UTF8'], {
    ...user,
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: folder,
  })
  const settings = [`unix_socket_directories=${folder}`, 'listen_addresses=', ...SETTINGS].flatMap((one) => ['-c', one])
  const server = [join(programs, 'postgres'), '-D', data, ...settings]
  const keeper = spawn('sh', ['-c', KEEPER, 'rq-postgres-keeper', folder, ...server], {
    ...user,
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
    cwd: folder,
  })
  const [said] = (await once(keeper.stdout, 'data')) as [Buffer]
  const stop = () => end(keeper)
  const beganMs = performance.now()
  while (!isReady(programs, folder)) {
    if (performance.now() - beganMs > START_MS) {
      await stop()
      throw new Error('Postgres did not start.')
    }
    await delay(50)
  }
  return { url: `postgres://${USER}@/postgres?host=${encodeURIComponent(folder)}`, pid: Number(said), stop }
}

function isReady(programs: string, folder: string): boolean {
  try {
    execFileSync(join(programs, 'pg_isready'), ['-q', '-h', folder, '-U', USER], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** An id of a user without rights. */
function idOf(which: '-u' | '-g'): number {
  for (const name of ['postgres', 'nobody']) {
    try {
      return Number(execFileSync('id', [which, name], { stdio: ['ignore', 'pipe', 'ignore'] }))
    } catch {
      // No such user.
    }
  }
  throw new Error('Postgres does not run as root, and there is no other user.')
}

async function end(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null) return
  const gone = once(keeper, 'exit')
  keeper.stdin?.end()
  await gone
}
