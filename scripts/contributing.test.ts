import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './run.mjs'

const TEXT = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8')

test('names files and folders that are there', () => {
  const paths = [...TEXT.matchAll(/(?<=[`\s(])(?:packages|apps|tooling|scripts|docs|examples)\/[\w./-]+/g)]
    .map(([path]) => path.replace(/[.,]$/, ''))
    .filter((path) => !/NAME|NNNN/.test(path))
  expect(paths.length).toBeGreaterThan(20)
  // The path of a test file may be cut off after its name, as Vitest takes it.
  const exists = (path: string) =>
    ['', '.redis.test.ts', '.process.test.ts', '.sweep.test.ts', '.long.test.ts'].some((end) =>
      existsSync(join(ROOT, path + end)),
    )
  expect(paths.filter((path) => !exists(path))).toEqual([])
})

test('names scripts of package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const own = new Set(['exec', 'install', ...Object.keys(scripts)])
  const named = [...TEXT.matchAll(/(?<=[`\n]|yes |&& )pnpm(?:@12)? ([a-z][\w:]*)/g)].map(([, name = '']) => name)
  expect(named.filter((name) => !own.has(name))).toEqual([])
})
