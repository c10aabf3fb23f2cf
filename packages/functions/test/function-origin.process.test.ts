import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProject, installedPackages, type Project, removeInstalledPackages } from './project.ts'

const ALLOWED = 'called'
const NODE =
  /^RQ_FUNCTION_NOT_ALLOWED: .* is a function of Node's own, or made by one \(node:.*\)\. Export a function of/
const BUILT_IN = /^RQ_FUNCTION_NOT_ALLOWED: .* is a built-in function/
const PACKAGE =
  /^RQ_FUNCTION_NOT_ALLOWED: .* was written in the package "\w+", which is not in the worker's allow option/
const TEXT = /^RQ_FUNCTION_NOT_ALLOWED: .* was not written in a module file, but made from text/

/** What a module of jobs exports, and what becomes of it. */
const EXPORTS: readonly (readonly [name: string, code: string, expected: string | RegExp])[] = [
  // One's own, in whatever form
  ['own', 'own', ALLOWED],
  ['Job.send', '', ALLOWED],
  ['group.send', '', ALLOWED],
  ['closure', '((prefix) => () => prefix)("called")', ALLOWED],
  ['wrapped', 'wrap(own)', ALLOWED],
  ['bound', 'own.bind(null)', ALLOWED],
  ['twice', 'own.bind(null).bind(null)', ALLOWED],
  ['proxied', 'new Proxy(own, {})', ALLOWED],
  ['marked', 'mark(dep.memoize(own), own)', ALLOWED],
  ['promised', '(...args) => promisify((one, two, done) => done(null, "called"))(...args)', ALLOWED],
  ['lib', 'lib', ALLOWED],
  ['hidden', 'hidden', ALLOWED],
  // Node's own, and what it makes
  ['max', 'Math.max', BUILT_IN],
  ['evaluate', 'eval', BUILT_IN],
  ['callOwn', 'own.call.bind(own)', BUILT_IN],
  ['exec', 'exec', NODE],
  ['execBound', 'exec.bind(null)', NODE],
  ['execProxied', 'new Proxy(exec, {})', NODE],
  ['execAsync', 'promisify(exec)', NODE],
  ['ownAsync', 'promisify(own)', NODE],
  ['deprecated', 'deprecate(own, "old")', NODE],
  ['inContext', 'AsyncResource.bind(own)', NODE],
  ['fetchIt', 'fetch', NODE],
  ['timer', 'setTimeout', NODE],
  ['testRun', 'test.run', NODE],
  ['reqr', 'createRequire(import.meta.url)', NODE],
  ['files.writeFileSync', '', NODE],
  ['files.exists.bind', '', /^RQ_FUNCTION_NOT_ALLOWED: .* is inherited/],
  // Text
  ['made', 'new Function("return 1")', TEXT],
  ['evaluated', '(0, eval)("(() => 1)")', TEXT],
  // Packages that are not allowed
  ['depFn', 'dep.shell', PACKAGE],
  ['depAll.shell', '', PACKAGE],
  ['shell', '', PACKAGE],
  ['memoized', 'dep.memoize(own)', PACKAGE],
  ['limit', 'dep.limit(1)', PACKAGE],
  ['Decorated.send', '', PACKAGE],
  ['old', 'old.shell', PACKAGE],
  ['outside', 'outside', PACKAGE],
  // Packages that are allowed
  ['good', 'good', ALLOWED],
  ['wrappedByGood', 'wrapByGood(() => 1)', ALLOWED],
  ['nested', 'nested', PACKAGE],
]

const MAIN = `
  import { AsyncResource } from 'node:async_hooks'
  import { exec } from 'node:child_process'
  import files from 'node:fs'
  import { createRequire } from 'node:module'
  import test from 'node:test'
  import { deprecate, promisify } from 'node:util'
  import * as dep from 'dep'
  import { good, nested, wrapByGood } from 'good'
  import old from 'old'
  import { outside } from 'outside'
  import { hidden } from './.generated/hidden.js'
  import { lib } from '../lib/lib.js'
  const wrap = (fn) => (...args) => fn(...args)
  const mark = (wrapper, fn) => Object.defineProperty(wrapper, Symbol.for('rq.function.wrapped'), { value: fn })
  const own = () => 'called'
  export * from 'dep'
  export * as depAll from 'dep'
  export { files }
  export class Job { static text = 'called'; static send() { return this.text } }
  export class Decorated { static send = dep.memoize(own) }
  export const group = { send() { return 'called' } }
  ${EXPORTS.filter(([, code]) => code !== '')
    .map(([name, code]) => `const its_${name} = ${code}; export { its_${name} as ${name} }`)
    .join('\n  ')}
`

const DEP = `
  import { exec } from 'node:child_process'
  export const shell = (command) => exec(command)
  export const memoize = (fn) => (...args) => fn(...args)
  export const limit = () => (fn) => fn()
`

let project: Project

beforeAll(async () => {
  await installedPackages()
  const manifest = (name: string, rest = {}) => JSON.stringify({ name, type: 'module', exports: './index.js', ...rest })
  project = await createProject({
    'app/package.json': manifest('app'),
    'app/jobs/main.js': MAIN,
    'app/jobs/cjs.cjs': 'exports.req = require; exports.run = () => "called"; exports.dep = require("old")',
    'app/jobs/.generated/hidden.js': "export const hidden = () => 'called'",
    'app/lib/lib.js': "export const lib = () => 'called'",
    'shared/outside/package.json': manifest('outside'),
    'shared/outside/index.js': "export const outside = () => 'called'",
    'app/node_modules/dep/package.json': manifest('dep'),
    'app/node_modules/dep/index.js': DEP,
    'app/node_modules/old/package.json': '{"name":"old"}',
    'app/node_modules/old/index.js': "exports.shell = (command) => require('child_process').exec(command)",
    'app/node_modules/good/package.json': manifest('good', { exports: { '.': './index.js', './part': './part.js' } }),
    'app/node_modules/good/index.js': `
      export * from 'inner'
      export const good = () => 'called'
      export const wrapByGood = (fn) => () => 'called'`,
    'app/node_modules/good/node_modules/inner/package.json': manifest('inner'),
    'app/node_modules/good/node_modules/inner/index.js': "export const nested = () => 'called'",
    'app/node_modules/part/package.json': manifest('part', { exports: { './some': './some.js' } }),
    'app/node_modules/part/some.js': "export * from 'dep'; export { run } from './chunk.js'",
    'app/node_modules/part/chunk.js': "export const run = () => 'called'",
  })
  await symlink(join(project.folder, 'shared/outside'), join(project.folder, 'app/node_modules/outside'))
}, 60_000)

afterAll(async () => {
  await project[Symbol.asyncDispose]()
  await removeInstalledPackages()
})

const matching = (expected: string | RegExp) =>
  typeof expected === 'string' ? expected : expect.stringMatching(expected)

describe('FunctionLoader', () => {
  it('calls what was written in the project or in an allowed package, whoever exports it', async () => {
    const loader = { importPaths: ['./jobs'], allow: ['good', 'part/some'] }
    const expected: Record<string, unknown> = {
      './cjs#run': ALLOWED,
      './cjs#req': expect.stringMatching(NODE),
      './cjs#dep.shell': expect.stringMatching(PACKAGE),
      'good#good': ALLOWED,
      'good#nested': expect.stringMatching(PACKAGE),
      'part/some#run': ALLOWED,
      'part/some#shell': expect.stringMatching(PACKAGE),
    }
    for (const [name, , outcome] of EXPORTS) expected[`./main#${name}`] = matching(outcome)
    expect(await project.load(Object.keys(expected), { cwd: 'app', loader })).toEqual(expected)
  })

  it("refuses at least Node's own functions where the inspector is not permitted", async () => {
    const permission = Number.parseInt(process.versions.node, 10) < 24 ? '--experimental-permission' : '--permission'
    const flags = [permission, '--allow-fs-read=*']
    const expected = { './cjs#run': ALLOWED, './main#own': ALLOWED, './main#exec': matching(BUILT_IN) }
    const loader = { importPaths: ['./jobs'] }
    expect(await project.load(Object.keys(expected), { cwd: 'app', loader, flags })).toEqual(expected)
  })
})
