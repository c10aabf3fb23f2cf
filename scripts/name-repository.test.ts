import { readFile } from 'node:fs/promises'
import { makeProject } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { nameRepository } from './name-repository.mjs'

describe('nameRepository', () => {
  test('gives each published package the address and its folder', async () => {
    await using project = await makeProject({
      'packages/a/package.json': '{ "name": "@rq/a" }',
      'packages/b/package.json': '{ "name": "b", "private": true }',
    })
    await nameRepository(project.dir, 'https://example.com/them/rq')
    const read = async (name: string) =>
      JSON.parse(await readFile(project.path(`packages/${name}/package.json`), 'utf8'))
    expect(await read('a')).toMatchObject({
      name: '@rq/a',
      repository: { type: 'git', url: 'git+https://example.com/them/rq.git', directory: 'packages/a' },
      bugs: 'https://example.com/them/rq/issues',
    })
    expect((await read('b')).repository).toBeUndefined()
    await expect(nameRepository(project.dir, 'example.com')).rejects.toThrow('expected https://host/owner/name')
  })
})
