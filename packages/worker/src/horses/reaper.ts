import { type ChildProcess, spawn } from 'node:child_process'
import type { Writable } from 'node:stream'

/**
 * Keeps the groups that are named to it, a line each, and kills those that are left when its input ends, which is when
 * the process that writes to it is gone, in whatever way. Signals that go to everybody do not end it.
 */
const SCRIPT = `# rq: kills what the work horses of a dead worker leave behind
trap '' HUP INT TERM
groups=' '
while read -r what group; do
  case $what in
    + ) groups="$groups$group " ;;
    - ) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
`

/** What is watched now; gone when nothing is. */
let shell: ChildProcess | undefined
const groups = new Set<number>()

/**
 * Have a process group killed when this process is gone, whatever it is doing then and whoever killed this process: the
 * kernel's signal at a parent's death reaches only the head of a group. A small shell waits for that, one for all groups.
 * Where there is no shell nothing happens. Returns what ends it.
 */
export function reapWithUs(group: number): () => void {
  groups.add(group)
  if (shell === undefined) start()
  else write(`+ ${group}`)
  return () => {
    if (!groups.delete(group)) return
    write(`- ${group}`)
    if (groups.size > 0) return
    shell?.stdin?.end()
    shell = undefined
  }
}

function start(): void {
  const child = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  shell = child
  // Neither it nor its pipe keeps this process alive.
  child.unref()
  ;(child.stdin as Writable & { unref?(): void }).unref?.()
  const forget = () => {
    if (shell === child) shell = undefined
  }
  child.on('error', forget)
  child.on('exit', forget)
  child.stdin?.on('error', () => {})
  for (const group of groups) write(`+ ${group}`)
}

function write(line: string): void {
  if (shell?.stdin?.writable === true) shell.stdin.write(`${line}\n`)
}
