import { makeProject } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { checkLicences } from './check-licences.mjs'

const manifest = (fields: object) => JSON.stringify({ version: '1.0.0', license: 'MIT', ...fields })

const OURS = manifest({
  name: '@rq/a',
  dependencies: { good: '^1.0.0', gpl: '^1.0.0' },
  optionalDependencies: { absent: '^1.0.0' },
  devDependencies: { tool: '^1.0.0' },
})

describe('checkLicences', () => {
  test('follows what users install, and names what is wrong', async () => {
    await using project = await makeProject({
      'packages/a/package.json': OURS,
      'packages/a/node_modules/good/package.json': manifest({
        name: 'good',
        license: '(GPL-3.0-only OR Apache-2.0)',
        dependencies: { deep: '*', gone: '*' },
      }),
      'packages/a/node_modules/gpl/package.json': manifest({ name: 'gpl', license: 'GPL-3.0-only' }),
      'packages/a/node_modules/tool/package.json': manifest({ name: 'tool', license: 'GPL-3.0-only' }),
      'packages/a/node_modules/deep/package.json': manifest({
        name: 'deep',
        license: { type: 'MIT' },
        scripts: { postinstall: 'node evil.js' },
      }),
      'packages/a/node_modules/deep/binding.gyp': '{}',
    })
    expect(await checkLicences(project.dir)).toEqual([
      'deep 1.0.0 has the licence {"type":"MIT"}, which is not allowed',
      'deep 1.0.0 runs code when it is installed (binding.gyp)',
      'deep 1.0.0 runs code when it is installed (postinstall)',
      'gone, which good needs, is not installed',
      'gpl 1.0.0 has the licence "GPL-3.0-only", which is not allowed',
    ])
  })
})
