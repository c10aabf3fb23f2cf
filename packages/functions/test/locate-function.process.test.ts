import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cachedReference, nameFunction, referenceOf } from '../src/index.ts'
import { createProject, installedPackages, removeInstalledPackages } from './project.ts'

beforeAll(installedPackages, 60_000)
afterAll(removeInstalledPackages)

const MAIL_TS = `
  export function send(to: string): string { return 'sent ' + to }
  export class Mail { static deliver(to: string): string { return to } }
`

describe('referenceOf a string', () => {
  it('returns a well-formed string as it is and refuses any other', async () => {
    expect(await referenceOf('my_package.my_module.my_func')).toBe('my_package.my_module.my_func')
    expect(await referenceOf(nameFunction(() => {}, 'named'))).toBe('named')
    await expect(referenceOf('not a reference')).rejects.toMatchObject({ code: 'RQ_INVALID_REFERENCE' })
  })
})

describe('referenceOf a function', () => {
  it('names every kind of export of an ES module', async () => {
    await using project = await createProject({
      'package.json': '{"type":"module"}',
      'jobs/email.js': `
        export const send = async () => {}
        const inner = () => {}
        export { inner as renamed }
        export default function main() {}
        export class Mail { static deliver() {} static Bulk = class { static deliver() {} } }
        export const group = { send() {} }`,
      'jobs/only-default.js': 'export default () => {}',
      'jobs/index.js': 'export function run() {}',
      'jobs/reexported.js': "export { send as resend } from './email.js'",
      'top.js': 'export const top = () => {}',
      'main.js': `
        import { report } from './rq/report.mjs'
        import main, { group, Mail, renamed, send } from './jobs/email.js'
        import onlyDefault from './jobs/only-default.js'
        import { run } from './jobs/index.js'
        import { resend } from './jobs/reexported.js'
        import { top } from './top.js'
        await report({ send, renamed, main, onlyDefault, deliver: Mail.deliver, bulk: Mail.Bulk.deliver, group: group.send, run, resend, top })`,
    })
    expect(await project.run('main.js')).toEqual({
      send: './jobs/email#send',
      renamed: './jobs/email#renamed',
      main: './jobs/email#default',
      onlyDefault: './jobs/only-default#default',
      deliver: './jobs/email#Mail.deliver',
      bulk: './jobs/email#Mail.Bulk.deliver',
      group: './jobs/email#group.send',
      run: './jobs/index#run',
      resend: './jobs/email#send',
      top: './top#top',
    })
  })

  it('names every kind of export of a CommonJS module, required or imported', async () => {
    const functions = `{
      named: a.named, whole: b, attached: b.attached, assigned: c.assigned, deliver: c.Mail.deliver, compiled: d.default, other: d.other }`
    await using project = await createProject({
      'package.json': '{}',
      'jobs/a.js': 'exports.named = () => {}',
      'jobs/b.cjs': 'module.exports = function whole() {}; module.exports.attached = () => {}',
      'jobs/c.js': 'module.exports = { assigned() {}, Mail: class Mail { static deliver() {} } }',
      'jobs/d.js': `
        Object.defineProperty(exports, '__esModule', { value: true })
        exports.default = () => {}
        const inner = () => {}
        Object.defineProperty(exports, 'other', { enumerable: true, get: () => inner })`,
      'required.cjs': `
        const a = require('./jobs/a'), b = require('./jobs/b.cjs'), c = require('./jobs/c'), d = require('./jobs/d')
        import('./rq/report.mjs').then(({ report }) => report(${functions}))`,
      'imported.mjs': `
        import { report } from './rq/report.mjs'
        import a from './jobs/a.js'
        import b from './jobs/b.cjs'
        import c from './jobs/c.js'
        import d from './jobs/d.js'
        await report(${functions})`,
    })
    const expected = {
      named: './jobs/a#named',
      whole: './jobs/b#default',
      attached: './jobs/b#attached',
      assigned: './jobs/c#assigned',
      deliver: './jobs/c#Mail.deliver',
      compiled: './jobs/d#default',
      other: './jobs/d#other',
    }
    expect(await project.run('required.cjs')).toEqual(expected)
    expect(await project.run('imported.mjs')).toEqual(expected)
  })

  it.each(['module', 'commonjs'])('names functions of TypeScript run by tsx in a package of type %s', async (type) => {
    await using project = await createProject({
      'package.json': JSON.stringify({ type }),
      'src/jobs/email.ts': MAIL_TS,
      'src/main.ts': `
        import { Mail, send } from './jobs/email.js'
        import('../rq/report.mjs').then(({ report }) => report({ send, deliver: Mail.deliver }))`,
    })
    expect(await project.run('src/main.ts', { tsx: true })).toEqual({
      send: './jobs/email#send',
      deliver: './jobs/email#Mail.deliver',
    })
  })

  it('gives the source and its build in another place one name', async () => {
    const main = `
      import { send } from './jobs/email.js'
      import { report } from '../rq/report.mjs'
      await report({ send })`
    await using source = await createProject({
      'package.json': '{"type":"module"}',
      'src/jobs/email.ts': MAIL_TS,
      'src/main.ts': main,
    })
    await using build = await createProject({
      'package.json': '{"type":"module"}',
      'dist/jobs/email.js': 'export const send = () => {}',
      'dist/main.js': main,
    })
    await using both = await createProject({
      'package.json': '{"type":"module"}',
      'src/jobs/email.ts': MAIL_TS,
      'src/main.ts': main,
      'dist/jobs/email.js': 'export const send = () => {}',
      'dist/main.js': main,
    })
    const expected = { send: './jobs/email#send' }
    expect(await source.run('src/main.ts', { tsx: true })).toEqual(expected)
    expect(await build.run('dist/main.js')).toEqual(expected)
    expect(await both.run('src/main.ts', { tsx: true })).toEqual(expected)
    expect(await both.run('dist/main.js')).toEqual(expected)
  })

  it('keeps the folder or the extension in the name where a shorter one leads to another file', async () => {
    await using project = await createProject({
      'package.json': '{"type":"module"}',
      'jobs/email.js': '',
      'src/jobs/email.js': 'export const source = () => {}',
      'dist/report.js': '',
      'build/report.js': 'export const built = () => {}',
      'two.js': '',
      'two.mjs': 'export const second = () => {}',
      'main.js': `
        import { report } from './rq/report.mjs'
        import { source } from './src/jobs/email.js'
        import { built } from './build/report.js'
        import { second } from './two.mjs'
        await report({ source, built, second })`,
    })
    expect(await project.run('main.js')).toEqual({
      source: './src/jobs/email#source',
      built: './build/report#built',
      second: './two.mjs#second',
    })
  })

  it('names modules below the import paths it is given', async () => {
    await using project = await createProject({
      'package.json': '{"type":"module"}',
      'app/jobs/email.js': 'export const send = () => {}',
      'app/main.js': `
        import { report } from '../rq/report.mjs'
        import { send } from './jobs/email.js'
        await report({ send }, { importPaths: ['../missing', './jobs', '.'] })`,
    })
    expect(await project.run('app/main.js', { cwd: 'app' })).toEqual({ send: './email#send' })
  })

  it('names functions of packages by the subpath that exports them', async () => {
    await using project = await createProject({
      'package.json': '{"type":"module"}',
      'node_modules/@acme/jobs/package.json': JSON.stringify({
        name: '@acme/jobs',
        type: 'module',
        exports: {
          '.': './lib/main.js',
          './email': { require: './lib/email.cjs', import: './lib/email.js' },
          './tasks/*': { node: { import: './lib/tasks/*.task.js' } },
          './hidden/*': null,
        },
      }),
      'node_modules/@acme/jobs/lib/main.js': 'export const main = () => {}',
      'node_modules/@acme/jobs/lib/email.js': "export const send = () => {}; export { secret } from './secret.js'",
      'node_modules/@acme/jobs/lib/email.cjs': 'exports.send = () => {}',
      'node_modules/@acme/jobs/lib/secret.js': 'export const secret = () => {}',
      'node_modules/@acme/jobs/lib/tasks/clean.task.js': 'export default () => {}',
      'node_modules/old/package.json': '{"name":"old","main":"./lib/start"}',
      'node_modules/old/lib/start.js': 'exports.start = () => {}',
      'node_modules/old/lib/more.js': 'exports.more = () => {}',
      'main.js': `
        import { createRequire } from 'node:module'
        import { report } from './rq/report.mjs'
        import { main } from '@acme/jobs'
        import { secret, send } from '@acme/jobs/email'
        import clean from '@acme/jobs/tasks/clean'
        import { start } from 'old'
        import { more } from 'old/lib/more.js'
        const required = createRequire(import.meta.url)('@acme/jobs/email').send
        await report({ main, send, required, clean, start, more, secret })`,
    })
    expect(await project.run('main.js')).toEqual({
      main: '@acme/jobs#main',
      send: '@acme/jobs/email#send',
      required: '@acme/jobs/email#send',
      clean: '@acme/jobs/tasks/clean#default',
      start: 'old#start',
      more: 'old/lib/more#more',
      secret: '@acme/jobs/email#secret',
    })
  })

  it('names a workspace package outside of the import paths by its name, whatever form of it is loaded', async () => {
    await using project = await createProject({
      'packages/jobs/package.json': JSON.stringify({
        name: '@acme/jobs',
        type: 'module',
        exports: { './email': { '@acme/source': './src/email.js', default: './dist/email.js' } },
      }),
      'packages/jobs/src/email.js': 'export const send = () => {}',
      'packages/jobs/dist/email.js': 'export const send = () => {}',
      'apps/web/package.json': '{"type":"module"}',
      'apps/web/node_modules/.keep': '',
      'apps/web/main.js': `
        import { report } from '../../rq/report.mjs'
        import { send } from '@acme/jobs/email'
        await report({ send })`,
    })
    await symlink(join(project.folder, 'packages'), join(project.folder, 'apps/web/node_modules/@acme'))
    const expected = { send: '@acme/jobs/email#send' }
    expect(await project.run('apps/web/main.js', { cwd: 'apps/web' })).toEqual(expected)
    const flags = ['--conditions', '@acme/source']
    expect(await project.run('apps/web/main.js', { cwd: 'apps/web', flags })).toEqual(expected)
  })

  it('finds a wrapped function in the module that exports it', async () => {
    await using project = await createProject({
      'package.json': '{"type":"module"}',
      'lib/traced.js': 'export const traced = (fn) => (...args) => fn(...args)',
      'jobs/email.js': "import { traced } from '../lib/traced.js'; export const send = traced(() => {})",
      'jobs/old.cjs': 'const wrap = (fn) => (...args) => fn(...args); exports.old = wrap(() => {})',
      'jobs/decorated.js': `
        import { wrapFunction } from '@rq/functions'
        const job = (fn) => wrapFunction(Object.assign((...args) => fn(...args), { delay: () => {} }), fn)
        export const add = job((x, y) => x + y)`,
      'main.js': `
        import { report } from './rq/report.mjs'
        import { send } from './jobs/email.js'
        import { old } from './jobs/old.cjs'
        import { add } from './jobs/decorated.js'
        import { traced } from './lib/traced.js'
        await report({ send, old, add, closure: traced(() => {}) })`,
    })
    const { closure, ...named } = await project.run('main.js')
    expect(named).toEqual({ send: './jobs/email#send', old: './jobs/old#old', add: './jobs/decorated#add' })
    expect(closure).toMatch(/no module exports it \(it was written in lib\/traced\.js\)/)
  })

  it('does not take one closure for another that was made by the same line', async () => {
    await using project = await createProject({
      'package.json': '{"type":"module"}',
      'jobs.js': `
        export function make(x) { return function send() { return x } }
        export const send = make(1)`,
      'main.js': `
        import { report } from './rq/report.mjs'
        import { make, send } from './jobs.js'
        await report({ exported: send, closure: make(2) })`,
    })
    const said = await project.run('main.js')
    expect(said.exported).toBe('./jobs#send')
    expect(said.closure).toMatch(/^RQ_INVALID_REFERENCE: .*no module exports it/)
  })

  it('survives a module that exports then', async () => {
    await using project = await createProject({
      'package.json': '{"type":"module"}',
      'jobs.js': 'export const send = () => {}; export function then() { throw new Error("called") }',
      'main.js': `
        import { send } from './jobs.js'
        import { report } from './rq/report.mjs'
        await report({ send })`,
    })
    expect(await project.run('main.js')).toEqual({ send: './jobs#send' })
  })

  it('refuses what no worker could import, saying why and what to do', async () => {
    await using project = await createProject({
      'package.json': '{"type":"module"}',
      'jobs.js': `
        const hidden = () => {}
        export const use = (fn) => fn(hidden)
        export class Mail { static deliver() {} }
        export const limited = Object.assign(() => {}, { then: undefined })`,
      'main.js': `
        import { report } from './rq/report.mjs'
        import { limited, Mail, use } from './jobs.js'
        export function entry() {}
        let hidden
        use((fn) => { hidden = fn })
        await report({
          hidden, entry, Mail, limited,
          closure: () => {}, builtin: Math.max, node: (await import('node:fs')).writeFileSync,
          evaluated: new Function('return 1'), number: 7, nothing: undefined })`,
    })
    expect(await project.run('main.js')).toEqual({
      hidden:
        "RQ_INVALID_REFERENCE: Cannot enqueue function hidden: no module exports it (it was written in jobs.js). Export it from its module. What was made within another function cannot be enqueued: pass what it needs as arguments. If this file is a bundle, name the module of the source: ref<typeof hidden>('./path/to/module#hidden').",
      entry:
        "RQ_INVALID_REFERENCE: Cannot enqueue function entry: it belongs to the script that was started (main.js), which a worker would run again to reach it. Move it to a module of its own. If the program is bundled, name the module of the source: ref<typeof entry>('./path/to/module#entry').",
      closure: expect.stringMatching(/^RQ_INVALID_REFERENCE: .*belongs to the script that was started/),
      Mail: 'RQ_INVALID_REFERENCE: Cannot enqueue function Mail: it is a class. Enqueue one of its static methods.',
      limited: expect.stringMatching(/^RQ_INVALID_REFERENCE: .*has a "then"/),
      builtin:
        'RQ_INVALID_REFERENCE: Cannot enqueue function max: it is a built-in function, whose module is unknown. Export a function of your own that calls it.',
      node: expect.stringMatching(/^RQ_INVALID_REFERENCE: .*it is a built-in function/),
      evaluated: expect.stringMatching(/^RQ_INVALID_REFERENCE: .*was not written in a module file/),
      number:
        "RQ_INVALID_REFERENCE: Cannot enqueue 7: it is not a function. Pass an exported function, or a reference such as './path/to/module#export'.",
      nothing: expect.stringMatching(/^RQ_INVALID_REFERENCE: Cannot enqueue undefined/),
    })
  })

  it('refuses a module outside of the import paths', async () => {
    await using project = await createProject({
      'package.json': '{"type":"module"}',
      'jobs.js': 'export const send = () => {}',
      'app/main.js': `
        import { report } from '../rq/report.mjs'
        import { send } from '../jobs.js'
        await report({ send })`,
    })
    const { send } = await project.run('app/main.js', { cwd: 'app' })
    expect(send).toMatch(/its module \.\.\/jobs\.js lies outside of the import paths \(\.\).*Set importPaths here/)
  })

  it('refuses a function whose module is still being loaded, instead of waiting forever', async () => {
    await using project = await createProject({
      'package.json': '{"type":"module"}',
      'jobs.js': `
        import { report } from './rq/report.mjs'
        export const send = () => {}
        await report({ send })`,
      'main.js': "import './jobs.js'",
    })
    const { send } = await project.run('main.js')
    expect(send).toMatch(/its module jobs\.js is still being loaded\. Enqueue after its top level has run/)
  })

  it('says so where the inspector is not permitted', async () => {
    await using project = await createProject({
      'package.json': '{"type":"module"}',
      'jobs.js': 'export const send = () => {}',
      'main.js': `
        import { report } from './rq/report.mjs'
        import { send } from './jobs.js'
        await report({ send })`,
    })
    const permission = Number.parseInt(process.versions.node, 10) < 24 ? '--experimental-permission' : '--permission'
    const { send } = await project.run('main.js', { flags: [permission, '--allow-fs-read=*'] })
    expect(send).toMatch(/^RQ_INVALID_REFERENCE: .*inspector is missing or not permitted here/)
  })

  it('locates once for calls at the same time, and answers the next ones at once', async () => {
    await using project = await createProject({
      'package.json': '{"type":"module"}',
      'jobs.js': 'export const send = () => {}',
      'main.js': `
        import { cachedReference, referenceOf } from '@rq/functions'
        import { send } from './jobs.js'
        const before = cachedReference(send)
        const both = await Promise.all([referenceOf(send), referenceOf(send)])
        const importPaths = ['./rq', '.']
        const other = cachedReference(send, { importPaths })
        console.log(JSON.stringify({ before: String(before), both: both.join(), after: cachedReference(send), other: String(other) }))`,
    })
    expect(await project.run('main.js')).toEqual({
      before: 'undefined',
      both: './jobs#send,./jobs#send',
      after: './jobs#send',
      other: 'undefined',
    })
  })

  it('gives a plain name to a function that has one', async () => {
    const send = nameFunction(() => {}, 'send-mail')
    expect(await referenceOf(send)).toBe('send-mail')
    expect(cachedReference(send)).toBe('send-mail')
    expect(() => nameFunction(() => {}, './not#plain')).toThrow('Not a function name')
    expect(() =>
      nameFunction(
        Object.freeze(() => {}),
        'frozen',
      ),
    ).toThrow('it is frozen')
  })

  it('locates what a test runner loaded, from within and from without', async () => {
    const importPaths = [new URL('..', import.meta.url).pathname]
    expect(await referenceOf(nameFunction, { importPaths })).toBe('./function-name#nameFunction')
    const built = join(await installedPackages(), 'node_modules/@rq/functions/dist/index.js')
    const native: { referenceOf: typeof referenceOf } = await import(pathToFileURL(built).href)
    expect(await native.referenceOf(nameFunction, { importPaths })).toBe('./function-name#nameFunction')
  })
})
