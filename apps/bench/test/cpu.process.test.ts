import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { machineCpuUs, treeCpu } from '../src/cpu.ts'

const BUSY = 'const end = process.cpuUsage().user + 200_000; while (process.cpuUsage().user < end); console.log(1)'

describe.skipIf(!existsSync('/proc/self/stat'))('treeCpu', () => {
  it('counts a child that runs, and one that has ended, apart from the process itself', async () => {
    const before = treeCpu(process.pid)
    const child = spawn(process.execPath, ['-e', `${BUSY}; setInterval(() => {}, 1000)`])
    await once(child.stdout, 'data')
    const running = treeCpu(process.pid)
    child.kill()
    await once(child, 'exit')
    const after = treeCpu(process.pid)
    expect((running?.belowUs ?? 0) - (before?.belowUs ?? 0)).toBeGreaterThanOrEqual(180_000)
    expect(after?.belowUs).toBeGreaterThanOrEqual(running?.belowUs ?? Number.POSITIVE_INFINITY)
    expect(machineCpuUs()).toBeGreaterThan(200_000)
  })

  it('knows nothing of a process that is not there', () => {
    expect(treeCpu(2 ** 30)).toBeUndefined()
  })
})
