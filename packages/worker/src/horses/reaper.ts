import { type ChildProcess, spawn } from 'node:child_process'
import type { Writable } from 'node:stream'

/**
 * Reads the ids of process groups, one per line, and kills the groups that are left when its input ends. The input ends
 * when the writing process is gone, however it ended. Signals that are sent to all processes do not end this shell.
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

/** The shell that watches; undefined while there is nothing to watch. */
let shell: ChildProcess | undefined
const groups = new Set<number>()

/**
 * Kill a process group when this process is gone, however it ended. The kernel's signal at a parent's death reaches
 * only the leader of a group, so a small shell waits for that, one for all groups. Without a shell nothing happens.
 * @returns a function that ends the watch.
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
  // Neither the shell nor its pipe keeps this process alive.
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
