import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProject, installedPackages, removeInstalledPackages } from './project.ts'

beforeAll(installedPackages, 60_000)
afterAll(removeInstalledPackages)

const MODULE = '{"type":"module"}'

describe('referenceOf refuses, saying what a function is,', () => {
  it('methods of instances, members of lists, private functions and generators', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'jobs.js': `
        export class Mail { #to = 1; send() { return this.#to } get computed() { throw new Error('read') } }
        export class Letter extends Mail {}
        export const letter = new Letter()
        export const group = { inner: new Mail() }
        export const service = Object.assign(new Mail(), {})
        service.arrow = async () => service
        export function Old() {}
        Old.prototype.send = function () { return this }
        export const byName = new Map([['one', () => 1]])
        export const steps = [() => 1]
        export const all = new Set([async () => 1])
        class Hidden { async run() { return this } }
        export const given = []
        const secret = () => 1
        export const hand = (take) => take(new Hidden().run, secret)
        export function* count() { yield 1 }
        export const later = async function* () {}
        export const wrapped = Object.defineProperty(() => {}, Symbol.for('rq.function.wrapped'), { value: count })
        export class Tasks { static *all() {} }`,
      'main.js': `
        import { report } from './rq/report.mjs'
        import * as jobs from './jobs.js'
        let method, secret
        jobs.hand((...both) => { [method, secret] = both })
        const { count, later, wrapped } = jobs
        await report({
          method: jobs.Mail.prototype.send, inherited: jobs.letter.send, instance: jobs.group.inner.send,
          arrow: jobs.service.arrow, old: new jobs.Old().send, map: jobs.byName.get('one'), array: jobs.steps[0],
          set: [...jobs.all][0], hiddenClass: method, secret, bound: secret.bind(null), count, later, wrapped,
          staticGenerator: jobs.Tasks.all,
        })`,
    })
    const said = await project.run('main.js')
    const makes = 'Its "this" cannot be sent to a worker: export a function that makes the object and calls the method.'
    const byItself = 'Export it by itself, or in a plain object.'
    const cannot = (text: string) => `RQ_INVALID_REFERENCE: Cannot enqueue ${text}`
    const generator =
      'it is a generator, which does nothing until something iterates over it. Export a function that iterates over it.'
    expect(said).toEqual({
      method: cannot(`function send: it is a method of the instances of Mail (in jobs.js). ${makes}`),
      inherited: cannot(`function send: it is a method of the instances of Mail (in jobs.js). ${makes}`),
      instance: cannot(`function send: it is a method of the instances of Mail (in jobs.js). ${makes}`),
      arrow: expect.stringContaining(
        `it is a method of service, which is an instance of a class (in jobs.js). ${makes}`,
      ),
      old: expect.stringContaining(`it is a method of the instances of Old (in jobs.js). ${makes}`),
      map: expect.stringContaining(`it is a value in the Map byName (in jobs.js). ${byItself}`),
      array: expect.stringContaining(`it is a value in the array steps (in jobs.js). ${byItself}`),
      set: expect.stringContaining(`it is a value in the Set all (in jobs.js). ${byItself}`),
      hiddenClass: cannot(
        'function run: it is a method that uses "this" (in jobs.js), which cannot be sent to a worker. Export a function that makes the object and calls the method.',
      ),
      secret: expect.stringMatching(
        /no module exports it \(it was written in jobs\.js\)\. .*ref<typeof secret>\('\.\/path/,
      ),
      bound: expect.stringMatching(
        /it is bound, or a proxy, and no module exports it .* Export a function that calls it/,
      ),
      count: expect.stringContaining(generator),
      later: expect.stringContaining(generator),
      wrapped: expect.stringContaining(generator),
      staticGenerator: expect.stringContaining(generator),
    })
  })

  it('functions of bundles, with the line that names them', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'src/jobs/mail.js': 'export const sendMail = async (to) => to',
      'src/jobs/other.js': 'export const other = 1',
      'src/web.js': `
        import { report } from '../rq/report.mjs'
        import { sendMail } from './jobs/mail.js'
        import { other } from './jobs/other.js'
        export const run = () => report({ sendMail, other: String(other) })`,
      'main.js': "const { run } = await import('./' + process.argv[2]); await run()",
    })
    for (const [file, options] of [
      ['out/plain.js', {}],
      ['out/mapped.js', { minify: true, sourcemap: true }],
      ['out/inlined.js', { minify: true, sourcemap: 'inline' }],
      ['out/minified.js', { minify: true }],
      ['.next/server/chunks/x.js', { minify: true }],
    ] as const) {
      // Other packages are external, as they are of many bundles.
      const bundle = await rolldown({ input: join(project.folder, 'src/web.js'), external: /^@rq/, platform: 'node' })
      await bundle.write({ file: join(project.folder, file), format: 'esm', keepNames: true, ...options })
      await bundle.close()
      const { sendMail } = await project.run('main.js', { args: [file] })
      expect(sendMail, file).toMatch(
        /^RQ_INVALID_REFERENCE: .* it was written in a bundle \(.*\), which workers do not import\. Name the module of the source: ref<typeof sendMail>\('\.\/path\/to\/module#sendMail'\)\./,
      )
    }
  })

  it('functions that a test runner keeps to itself, with the line that names them', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'jobs/mail.js': 'exports.send = function send() {}',
      // As Jest does: it gives a module of the project what it needs as CommonJS, in a global object of its own.
      'main.mjs': `
        import { readFileSync } from 'node:fs'
        import vm from 'node:vm'
        import { report } from './rq/report.mjs'
        const file = process.cwd() + '/jobs/mail.js'
        const context = vm.createContext({ exports: {} })
        new vm.Script(readFileSync(file, 'utf8'), { filename: file }).runInContext(context)
        await report({ send: context.exports.send })`,
    })
    expect(await project.run('main.mjs')).toEqual({
      send: "RQ_INVALID_REFERENCE: Cannot enqueue function send: its module (jobs/mail.js) was loaded by a test runner or a loader that keeps its modules to itself, such as Jest. Name it: ref<typeof send>('./jobs/mail#send').",
    })
  })
})

describe('referenceOf', () => {
  it('finds functions that are bound, or proxies, where a module exports them', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'jobs.js': `
        export class Mail { static deliver() { return 'delivered' } }
        export const bound = Mail.deliver.bind(Mail)
        export const proxied = new Proxy(() => 'called', {})`,
      'main.js': `
        import { report } from './rq/report.mjs'
        import { bound, proxied } from './jobs.js'
        await report({ bound, proxied })`,
    })
    expect(await project.run('main.js')).toEqual({ bound: './jobs#bound', proxied: './jobs#proxied' })
    expect(await project.load(['./jobs#bound', './jobs#proxied'])).toEqual({
      './jobs#bound': 'delivered',
      './jobs#proxied': 'called',
    })
  })

  it('finds a function of a CommonJS module where the inspector is not permitted', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'jobs.cjs': 'exports.send = () => {}',
      'main.js': `
        import { report } from './rq/report.mjs'
        import { send } from './jobs.cjs'
        await report({ send, builtin: Math.max, closure: () => {} })`,
    })
    const permission = Number.parseInt(process.versions.node, 10) < 24 ? '--experimental-permission' : '--permission'
    const said = await project.run('main.js', { flags: [permission, '--allow-fs-read=*'] })
    expect(said).toEqual({
      send: './jobs#send',
      builtin: expect.stringContaining('it is a built-in function'),
      closure: expect.stringMatching(
        /the module where it was written is unknown \(Node's inspector is missing .*ref<typeof closure>/,
      ),
    })
  })
})

/** The program of that name on the PATH; empty when there is none. */
function installed(name: string): string {
  const paths = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name))
  return paths.find((path) => existsSync(path)) ?? ''
}

describe.each([
  ['Bun', installed('bun'), [], /none of the loaded modules that are known exports it\. .*ref<typeof hidden>/],
  ['Deno', installed('deno'), ['run', '-A'], /no module exports it \(it was written in jobs\.js\)/],
] as const)('referenceOf in %s', (_name, program, args, refusal) => {
  it.runIf(program !== '')('finds exported functions, and refuses others with what to do', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'jobs.js': `
        const hidden = () => {}
        export const hand = (take) => take(hidden)
        export const send = async (a, b) => a + b
        export class Mail { static deliver() {} }`,
      'main.js': `
        import { report } from './rq/report.mjs'
        import { hand, Mail, send } from './jobs.js'
        let hidden
        hand((fn) => { hidden = fn })
        await report({ send, deliver: Mail.deliver, hidden, builtin: Math.max })`,
    })
    expect(await project.run('main.js', { runtime: [program, ...args] })).toEqual({
      send: './jobs#send',
      deliver: './jobs#Mail.deliver',
      hidden: expect.stringMatching(refusal),
      builtin: expect.stringContaining('it is a built-in function'),
    })
    expect(await project.load(['./jobs#send'], { runtime: [program, ...args] })).toEqual({ './jobs#send': 3 })
  })
})
