import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** A tick of /proc, in microseconds: Linux counts in hundredths of a second there, on every machine. */
const TICK_US = 10_000

interface Process {
  readonly parent: number
  readonly ownUs: number
  /** Of its children that have ended, and theirs. */
  readonly endedUs: number
}

/** CPU time in microseconds since the start of each process. */
export interface TreeCpu {
  readonly ownUs: number
  /** Of all processes below it, those that have ended included. */
  readonly belowUs: number
}

/** CPU time of a process and of those below it; undefined where there is no /proc. */
export function treeCpu(root: number): TreeCpu | undefined {
  const processes = readProcesses()
  const top = processes.get(root)
  if (top === undefined) return undefined
  let belowUs = top.endedUs
  for (const [pid, { endedUs, ownUs }] of processes) {
    if (pid !== root && isBelow(processes, pid, root)) belowUs += ownUs + endedUs
  }
  return { ownUs: top.ownUs, belowUs }
}

/** CPU time in microseconds that the whole machine has spent since its start; undefined where there is no /proc. */
export function machineCpuUs(): number | undefined {
  const line = read('/proc/stat')?.split('\n', 1)[0]
  if (line === undefined) return undefined
  // user nice system idle iowait irq softirq steal; guests count in user.
  const [, user, nice, system, , , irq, softirq, steal] = line.split(/\s+/).map(Number)
  return [user, nice, system, irq, softirq, steal].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) * TICK_US
}

/** CPU time in microseconds that this machine can give in so many milliseconds. */
export function capacityUs(ms: number): number {
  return ms * 1000 * availableParallelism()
}

function readProcesses(): Map<number, Process> {
  const processes = new Map<number, Process>()
  for (const name of list('/proc')) {
    const text = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : undefined
    if (text !== undefined) processes.set(Number(name), parseStat(text))
  }
  return processes
}

/** The name of the program, in brackets, may have blanks: the fields are counted from behind it. */
function parseStat(text: string): Process {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [, parent = 0] = fields
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15)
  return { parent, ownUs: (user + system) * TICK_US, endedUs: (endedUser + endedSystem) * TICK_US }
}

function isBelow(processes: ReadonlyMap<number, Process>, pid: number, root: number): boolean {
  for (let at = processes.get(pid)?.parent ?? 0; at > 1; at = processes.get(at)?.parent ?? 0) {
    if (at === root) return true
  }
  return false
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}
