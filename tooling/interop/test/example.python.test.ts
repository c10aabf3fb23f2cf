import { spawnNode } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { python, withPython } from '../src/index.ts'

describe.skipIf(python === undefined)(withPython('examples/python-interop'), () => {
  test('runs to its end', async () => {
    await using example = spawnNode(new URL('../../../examples/python-interop/src/run.js', import.meta.url))
    expect(await example.exited, example.stderr).toMatchObject({ code: 0 })
    expect(example.stdout).toMatch(/It returned \{ of: 3, smallest: 2, largest: 9, mean: 5 \}/)
    expect(example.stdout).toMatch(/statistics_of\.counts +finished/)
  })
})
