import { describe, expect, test } from 'vitest'
import { makeProject } from '../tooling/testkit/src/folders.ts'
import { checkBoundaries } from './check-boundaries.mjs'

interface PackageOptions {
  name?: string
  dependencies?: Record<string, string>
  file?: string
}

/** The complaints about a workspace with one package that has one source file. */
async function complaintsAbout(source: string, options: PackageOptions = {}): Promise<string[]> {
  const { name = '@rq/job', dependencies = {}, file = 'src/a.ts' } = options
  await using workspace = await makeProject({
    'packages/one/package.json': JSON.stringify({ name, dependencies }),
    [`packages/one/${file}`]: source,
  })
  return await checkBoundaries(workspace.dir)
}

const core = { dependencies: { '@rq/core': 'workspace:^' } }

describe('checkBoundaries', () => {
  test('lets a package import what the table allows and its manifest declares', async () => {
    const source = "import { show } from '@rq/core'\nimport fs from 'node:fs'\nexport * from './b.ts'"
    expect(await complaintsAbout(source, core)).toEqual([])
  })

  test.each([
    ['a static import', "import { Queue } from '@rq/queue'"],
    ['a type import', "import type { Queue } from '@rq/queue'"],
    ['a type in place', "export type Q = import('@rq/queue').Queue"],
    ['a dynamic import', "await import('@rq/queue')"],
    ['a re-export', "export { Queue } from '@rq/queue'"],
    ['a re-export of all', "export * from '@rq/queue'"],
    ['require', "require('@rq/queue')"],
    ['a path below the package', "import '@rq/queue/dist/index.js'"],
  ])('finds %s against the table', async (_, source) => {
    expect(await complaintsAbout(source)).toEqual(['packages/one/src/a.ts:1: @rq/job may not import @rq/queue'])
  })

  test('finds a declared dependency against the table', async () => {
    const complaints = await complaintsAbout('', { dependencies: { '@rq/worker': '1', ioredis: '6' } })
    expect(complaints).toEqual(['@rq/job may not depend on @rq/worker', '@rq/job may not depend on ioredis'])
  })

  test('finds an import that the manifest does not declare', async () => {
    expect(await complaintsAbout("\nimport '@rq/core'\nimport 'luxon'")).toEqual([
      'packages/one/src/a.ts:2: imports @rq/core, which its package.json does not depend on',
      'packages/one/src/a.ts:3: imports luxon, which its package.json does not depend on',
    ])
  })

  test('finds a relative import that leaves the package', async () => {
    const complaints = await complaintsAbout("import '../../two/src/b.ts'")
    expect(complaints).toEqual(['packages/one/src/a.ts:1: imports ../../two/src/b.ts, outside of its own package'])
  })

  test('keeps ioredis to the redis package, and its types to the umbrella', async () => {
    const dependencies = { ioredis: '6' }
    const value = "import { Redis } from 'ioredis'"
    const type = "import { type Redis } from 'ioredis'\nexport type { Cluster } from 'ioredis'"
    expect(await complaintsAbout(value, { name: '@rq/redis', dependencies })).toEqual([])
    expect(await complaintsAbout(type, { name: 'rq', dependencies })).toEqual([])
    expect(await complaintsAbout(value, { name: 'rq', dependencies })).toEqual([
      'packages/one/src/a.ts:1: rq may import only types of ioredis',
    ])
    expect(await complaintsAbout('', { name: 'rq-cli', dependencies })).toEqual([])
    expect(await complaintsAbout(value, { name: 'rq-cli', dependencies })).toEqual([
      'packages/one/src/a.ts:1: rq-cli may not import ioredis',
    ])
    expect(await complaintsAbout(type)).toHaveLength(2)
  })

  test('looks into executables too', async () => {
    const complaints = await complaintsAbout("import '../dist/index.js'\nimport '@rq/queue'", { file: 'bin/one.js' })
    expect(complaints).toEqual(['packages/one/bin/one.js:2: @rq/job may not import @rq/queue'])
  })

  test('leaves tests free', async () => {
    expect(await complaintsAbout("import 'vitest'\nimport '@rq/queue'", { file: 'src/a.test.ts' })).toEqual([])
    expect(await complaintsAbout("import '@rq/queue'", { file: 'test/a.redis.test.ts' })).toEqual([])
  })

  test('refuses a package that the table does not know', async () => {
    expect(await complaintsAbout('', { name: '@rq/utils' })).toEqual([
      '@rq/utils is not in the table of scripts/check-boundaries.mjs',
    ])
  })
})
