import { expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { makeProject } from './folders.ts'
import { isRunning } from './is-running.ts'
import { spawnNode } from './spawn-node.ts'

test('captures what the child writes and how it ends', async () => {
  await using project = await makeProject({
    'main.js': 'console.log(process.argv[2], process.env.COLOUR); console.error("oops"); process.exitCode = 3',
  })
  await using child = spawnNode(project.path('main.js'), ['blue'], { env: { COLOUR: 'red' } })
  expect(await child.exited).toEqual({ code: 3, signal: null, stdout: 'blue red\n', stderr: 'oops\n' })
})

test('waits for a line, and fails at once when the child ends without it', async () => {
  await using project = await makeProject({ 'main.js': 'console.log("port 6001")' })
  await using child = spawnNode(project.url('main.js'))
  expect((await child.output(/port (\d+)/))[1]).toBe('6001')
  await expect(child.output(/never/)).rejects.toThrow('Ended without writing anything like /never/')
})

test('kills the child and its children when disposed', async () => {
  await using project = await makeProject({
    'main.js': `
      import { spawn } from 'node:child_process'
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
      console.log('grandchild', child.pid)
      setInterval(() => {}, 1000)
    `,
  })
  let pids: number[]
  {
    await using child = spawnNode(project.path('main.js'))
    pids = [child.pid, Number((await child.output(/grandchild (\d+)/))[1])]
    expect(pids.map(isRunning)).toEqual([true, true])
  }
  await eventually(() => expect(pids.map(isRunning)).toEqual([false, false]))
})
