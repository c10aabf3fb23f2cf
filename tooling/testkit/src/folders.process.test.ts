import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { deferred } from '@rq/core'
import { describe, expect, test } from 'vitest'
import { makeProject, tempDir } from './folders.ts'
import { spawnNode } from './spawn-node.ts'

test('a temporary folder is gone with all it held after its scope', async () => {
  let dir: string
  {
    await using folder = await tempDir()
    dir = folder.dir
    await writeFile(folder.path('note.txt'), 'x')
    expect(existsSync(folder.path('note.txt'))).toBe(true)
  }
  expect(existsSync(dir)).toBe(false)
})

test('a project can be imported', async () => {
  await using project = await makeProject({ 'jobs/add.js': 'export const add = (a, b) => a + b' })
  const { add } = await import(project.url('jobs/add.js'))
  expect(add(1, 2)).toBe(3)
})

test.each([
  ['built', 'main.js', false],
  ['from source', 'main.ts', true],
])('a project imports packages of this workspace: %s', async (_, main, fromSource) => {
  await using project = await makeProject(
    { [main]: `import { show } from '@rq/core'\nconsole.log(show('a'${fromSource ? ' as string' : ''}))` },
    { packages: ['@rq/core'] },
  )
  await using child = spawnNode(project.path(main), [], { fromSource })
  expect(await child.exited).toEqual({ code: 0, signal: null, stdout: '"a"\n', stderr: '' })
})

test('a project cannot link what this workspace does not have', async () => {
  await expect(makeProject({}, { packages: ['@rq/nothing'] })).rejects.toThrow('No package @rq/nothing')
})

describe('when a test runs out of time', () => {
  let dir = ''

  // On a busy machine the time may be over before there is a folder: the next one has more.
  for (const timeout of [100, 1000, 10_000]) {
    test.fails(`which never leaves its scope, after ${timeout} ms,`, { timeout }, async ({ signal }) => {
      if (dir !== '') throw new Error('An earlier test had its folder in time.')
      await using folder = await tempDir()
      if (signal.aborted) return
      dir = folder.dir
      await new Promise(() => {})
    })
  }

  test('its folder is removed all the same', () => {
    expect(dir).not.toBe('')
    expect(existsSync(dir)).toBe(false)
  })
})

describe('of tests that run at the same time', () => {
  const otherHasBegun = deferred()
  const otherIsOver = deferred()
  const folderIsThere = deferred()

  test.concurrent('one keeps its folder', async () => {
    await otherHasBegun.promise
    await using folder = await tempDir()
    folderIsThere.resolve()
    await otherIsOver.promise
    expect(existsSync(folder.dir)).toBe(true)
  })

  test.concurrent('when another one ends', async ({ onTestFinished }) => {
    // Registered first, so called last.
    onTestFinished(() => otherIsOver.resolve())
    otherHasBegun.resolve()
    await folderIsThere.promise
  })
})
