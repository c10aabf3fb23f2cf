import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProject, installedPackages, type Project, removeInstalledPackages } from './project.ts'

beforeAll(installedPackages, 60_000)
afterAll(removeInstalledPackages)

const MODULE = '{"type":"module"}'
const jobs = (exports: unknown) => JSON.stringify({ name: '@acme/jobs', type: 'module', exports })
const hidden = 'export const hidden = (a, b) => "hidden " + (a + b)'

/** A workspace: packages/jobs, linked as a package manager does into apps/web and apps/worker, and not at the root. */
async function workspace(files: Readonly<Record<string, string>>): Promise<Project> {
  const project = await createProject({
    'package.json': MODULE,
    'apps/web/package.json': '{"name":"web","type":"module"}',
    'apps/worker/package.json': '{"name":"worker","type":"module"}',
    ...files,
  })
  for (const app of ['web', 'worker']) {
    await mkdir(join(project.folder, 'apps', app, 'node_modules/@acme'), { recursive: true })
    await symlink(join(project.folder, 'packages/jobs'), join(project.folder, 'apps', app, 'node_modules/@acme/jobs'))
  }
  return project
}

const REPORT = "import { report } from '../../rq/report.mjs'\n"

describe('a function that a package re-exports', () => {
  const cases: readonly [how: string, files: Record<string, string>, main: string, expected: string][] = [
    [
      'by its index',
      { 'package.json': jobs({ '.': './dist/index.js' }), 'dist/index.js': "export { hidden } from './internal.js'" },
      "import { hidden } from '@acme/jobs'",
      '@acme/jobs#hidden',
    ],
    [
      'with export *',
      { 'package.json': jobs('./dist/index.js'), 'dist/index.js': "export * from './internal.js'" },
      "import { hidden } from '@acme/jobs'",
      '@acme/jobs#hidden',
    ],
    [
      'in a namespace',
      { 'package.json': jobs('./dist/index.js'), 'dist/index.js': "export * as mail from './internal.js'" },
      "import { mail } from '@acme/jobs'; const { hidden } = mail",
      '@acme/jobs#mail.hidden',
    ],
    [
      'under another name, by a subpath of a pattern',
      {
        'package.json': jobs({ './*': './dist/public/*.js' }),
        'dist/public/mail.js': "export { hidden as send } from '../internal.js'",
      },
      "import { send as hidden } from '@acme/jobs/mail'",
      '@acme/jobs/mail#send',
    ],
    [
      'by its index and by a subpath',
      {
        'package.json': jobs({ './sub': './dist/sub.js', '.': './dist/index.js' }),
        'dist/sub.js': "export * from './internal.js'",
        'dist/index.js': "export * from './sub.js'",
      },
      "import { hidden } from '@acme/jobs/sub'; import '@acme/jobs'",
      '@acme/jobs#hidden',
    ],
    [
      'under a condition that Node takes',
      {
        'package.json': jobs({
          '.': { browser: './none.js', node: { require: './none.cjs', import: './dist/index.js' } },
        }),
        'dist/index.js': "export * from './internal.js'",
      },
      "import { hidden } from '@acme/jobs'",
      '@acme/jobs#hidden',
    ],
    [
      'as CommonJS',
      {
        'package.json': JSON.stringify({ name: '@acme/jobs', exports: './dist/index.js' }),
        'dist/index.js': "exports.hidden = require('./internal.js').hidden",
        'dist/internal.js': 'exports.hidden = (a, b) => "hidden " + (a + b)',
      },
      "import { hidden } from '@acme/jobs'",
      '@acme/jobs#hidden',
    ],
  ]

  it.each(cases)('%s is named by it, from every folder, and found by a worker', async (_how, files, main, expected) => {
    const inPackage = Object.entries({ 'dist/internal.js': hidden, ...files }).map(([path, text]) => [
      `packages/jobs/${path}`,
      text,
    ])
    await using project = await workspace({
      ...Object.fromEntries(inPackage),
      'apps/web/main.js': `${REPORT}${main}\nawait report({ hidden })`,
    })
    for (const cwd of ['apps/web', '.', 'packages/jobs']) {
      expect(await project.run('apps/web/main.js', { cwd }), cwd).toEqual({
        hidden: cwd === 'packages/jobs' ? './internal#hidden' : expected,
      })
    }
    const loader = { allow: ['@acme/jobs'] }
    expect(await project.load([expected], { cwd: 'apps/worker', loader })).toEqual({ [expected]: 'hidden 3' })
    const refused = await project.load([expected], { cwd: 'apps/worker' })
    expect(refused[expected]).toMatch(/^RQ_FUNCTION_NOT_ALLOWED: .* start the worker with --allow @acme\/jobs /)
  })

  it('is named by it when its sources are run, and when it is installed', async () => {
    const files = (folder: string) => ({
      [`${folder}/package.json`]: jobs('./src/index.ts'),
      [`${folder}/src/index.ts`]: "export * from './internal.js'",
      [`${folder}/src/internal.ts`]: 'export const hidden = (a: number, b: number): string => "hidden " + (a + b)',
    })
    const main = `import { report } from './rq/report.mjs'\nimport { hidden } from '@acme/jobs'\nawait report({ hidden })`
    await using linked = await workspace({
      ...files('packages/jobs'),
      'apps/web/main.ts': `${REPORT}import { hidden } from '@acme/jobs'\nawait report({ hidden })`,
    })
    const expected = { hidden: '@acme/jobs#hidden' }
    expect(await linked.run('apps/web/main.ts', { cwd: 'apps/web', tsx: true })).toEqual(expected)
    const loader = { allow: ['@acme/jobs'] }
    expect(await linked.load(['@acme/jobs#hidden'], { cwd: 'apps/worker', tsx: true, loader })).toEqual({
      '@acme/jobs#hidden': 'hidden 3',
    })
    await using installed = await createProject({
      'package.json': MODULE,
      'node_modules/@acme/jobs/package.json': jobs('./dist/index.js'),
      'node_modules/@acme/jobs/dist/index.js': "export * from './internal.js'",
      'node_modules/@acme/jobs/dist/internal.js': hidden,
      'main.js': main,
    })
    expect(await installed.run('main.js')).toEqual(expected)
    expect(await installed.load(['@acme/jobs#hidden'], { loader })).toEqual({ '@acme/jobs#hidden': 'hidden 3' })
  })

  it('is not taken from another package, nor from a file that no subpath leads to', async () => {
    await using project = await workspace({
      'packages/jobs/package.json': jobs({ './other': './dist/other.js' }),
      'packages/jobs/dist/index.js': "export * from './internal.js'",
      'packages/jobs/dist/internal.js': hidden,
      'packages/jobs/dist/other.js': "export { default } from './index.js'",
      'apps/web/main.js': `${REPORT}import { hidden } from '../../packages/jobs/dist/index.js'\nawait report({ hidden })`,
    })
    const said = await project.run('apps/web/main.js', { cwd: 'apps/web' })
    expect(said.hidden).toMatch(
      /lies outside of the import paths \(\.\), and no package that they can import exports it/,
    )
  })
})

describe('the name of a function', () => {
  const FILES = {
    'packages/jobs/package.json': jobs({ './mail': './dist/mail.js' }),
    'packages/jobs/dist/mail.js': 'export const send = (a, b) => a + b',
    'apps/web/own.js': 'export const own = () => 1',
    'apps/web/main.js': `${REPORT}
      import { send } from '@acme/jobs/mail'
      import { own } from './own.js'
      await report({ send, own })`,
  }

  it('is that of its package, whatever folder a program is started in', async () => {
    await using project = await workspace(FILES)
    for (const cwd of ['.', 'apps', 'apps/web', 'apps/worker']) {
      const { send } = await project.run('apps/web/main.js', { cwd })
      expect(send, cwd).toBe('@acme/jobs/mail#send')
    }
    expect(await project.run('apps/web/main.js', { cwd: 'apps/web' })).toMatchObject({ own: './own#own' })
  })

  it('is a path where the package cannot be reached by its name from the import paths that are given', async () => {
    await using project = await workspace({
      ...FILES,
      'apps/web/main.js': `${REPORT}
        import { send } from '@acme/jobs/mail'
        await report({ send }, { importPaths: ['../..'] })`,
      'lib/package.json': '{"name":"lib","type":"module"}',
      'lib/job.js': 'export const job = () => 1',
      'main.js': "import { report } from './rq/report.mjs'; import { job } from './lib/job.js'; await report({ job })",
    })
    expect(await project.run('apps/web/main.js', { cwd: 'apps/web' })).toEqual({
      send: './packages/jobs/dist/mail#send',
    })
    expect(await project.run('main.js')).toEqual({ job: './lib/job#job' })
  })

  it('leads every worker to it that may import its file, with or without --allow', async () => {
    await using project = await workspace(FILES)
    const references = ['@acme/jobs/mail#send', './packages/jobs/dist/mail#send']
    expect(await project.load(references)).toEqual({ [references[0] ?? '']: 3, [references[1] ?? '']: 3 })
    expect(await project.load(['@acme/jobs/mail#send'], { cwd: 'packages/jobs' })).toEqual({
      '@acme/jobs/mail#send': 3,
    })
    const loader = { allow: ['@acme/jobs'] }
    expect(await project.load(['@acme/jobs/mail#send'], { cwd: 'apps/worker', loader })).toEqual({
      '@acme/jobs/mail#send': 3,
    })
  })

  it('gives a package no more than its paths give: nothing installed, hidden or private', async () => {
    await using project = await workspace({
      ...FILES,
      'packages/jobs/dist/private.js': 'export const run = () => 1',
      '.tools/evil/package.json': '{"name":"evil","exports":"./index.js"}',
      '.tools/evil/index.js': 'exports.run = () => "ran"',
      'node_modules/dep/package.json': '{"name":"dep"}',
      'node_modules/dep/index.js': 'exports.run = () => "ran"',
      'packages/jobs/node_modules/inner/package.json': '{"name":"inner"}',
      'packages/jobs/node_modules/inner/index.js': 'exports.run = () => "ran"',
      'packages/script/package.json': '{"name":"script","exports":"./wipe.js","type":"module"}',
      'packages/script/wipe.js': 'console.log("wiped")',
    })
    const refused = expect.stringMatching(/^RQ_FUNCTION_NOT_(?:ALLOWED|FOUND): /)
    const names = ['evil#run', 'dep#run', 'inner#run', '@acme/jobs/private#run', 'script#run', 'missing#run', 'fs#x']
    const said = await project.load(names)
    expect(said).toEqual(Object.fromEntries(names.map((name) => [name, refused])))
  })

  it('is refused with both folders when producer and worker have different import paths', async () => {
    await using project = await workspace({ ...FILES, 'apps/web/jobs/x.js': 'export const x = () => 1' })
    const path = './packages/jobs/dist/mail#send'
    const said = await project.load([path, './jobs/x#x'], { cwd: 'apps/worker' })
    expect(said[path]).toMatch(
      /there is no module \.\/packages\/jobs\/dist\/mail .* in the import paths \(\.\).*There is one below \.\.\/\.\., where its producer seems to run: start this worker with --path \.\.\/\.\., or set the producer's importPaths/,
    )
    expect(said['./jobs/x#x']).toMatch(/A path begins at the producer's working directory or importPaths/)
  })
})
