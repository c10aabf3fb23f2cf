import { readFileSync } from 'node:fs'

/** Whether a process runs. A zombie, which has ended and was not yet reaped by its parent, does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    // No /proc on this system, or the process has just ended.
    return process.platform !== 'linux'
  }
}
