import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FunctionLoader } from '../src/index.ts'
import { createProject, installedPackages, linesOf, removeInstalledPackages } from './project.ts'

beforeAll(installedPackages, 60_000)
afterAll(removeInstalledPackages)

const MODULE = '{"type":"module"}'
const says = (text: string): string => `export const run = () => ${JSON.stringify(text)}`

describe('FunctionLoader', () => {
  it('loads every form of reference', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'jobs/email.js': `
        export const add = async (a, b) => a + b
        export default (a, b) => a * b
        export class Calc { static base = 10; static add(a, b) { return this.base + a + b } }
        export const group = { factor: 2, add(a, b) { return this.factor * (a + b) } }`,
      'jobs/index.mjs': says('index'),
      'jobs/old.cjs': 'module.exports = (a, b) => "old " + a; module.exports.named = () => "named"',
      'jobs/made.cjs': 'const made = {}; for (const name of ["one"]) made[name] = () => name; module.exports = made',
      'jobs/compiled.cjs':
        "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = () => 'compiled'; exports.other = () => 'other'",
      'mods/größe.js': 'export const länge = () => "länge"; export class Maß { static größer() { return "größer" } }',
      'पत्र.js': 'export const भेजो = () => "भेजो"',
      'my-jobs/deep.email.js': says('dots in a file name'),
    })
    const expected = {
      './jobs/email#add': 3,
      './jobs/email.js#add': 3,
      './jobs/email#default': 2,
      './jobs/email#Calc.add': 13,
      './jobs/email#group.add': 6,
      'jobs.email.add': 3,
      'jobs.email.Calc.add': 13,
      './jobs#run': 'index',
      './jobs/index#run': 'index',
      'jobs.run': 'index',
      './jobs/old#default': 'old 1',
      './jobs/old#named': 'named',
      './jobs/made#one': 'one',
      './jobs/made#default.one': 'one',
      './jobs/compiled#default': 'compiled',
      './jobs/compiled#other': 'other',
      './mods/größe#länge': 'länge',
      'mods.größe.länge': 'länge',
      'mods.größe.Maß.größer': 'größer',
      'पत्र.भेजो': 'भेजो',
      './my-jobs/deep.email#run': 'dots in a file name',
    }
    expect(await project.load(Object.keys(expected))).toEqual(expected)
  })

  it('loads the build with plain Node, and the source with a loader for TypeScript', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'src/jobs/email.ts': 'export const run = (): string => "source"',
      'dist/jobs/email.js': says('build'),
      'src/only.ts': 'export const run = (): string => "source"',
      'build/only.js': says('build'),
      'out/last.mjs': says('out'),
      'src/plain.js': says('plain source'),
      'src/old/package.json': '{"type":"commonjs"}',
      'src/old/old.ts': "export { run } from './older.js'",
      'src/old/older.ts': 'export const run = (): string => "CommonJS source"',
    })
    const references = ['./jobs/email#run', 'only.run', './last#run', './plain#run', './src/jobs/email.js#run']
    const { './src/jobs/email.js#run': source, ...built } = await project.load(references.slice(0, 4))
    expect(source).toBeUndefined()
    expect(built).toEqual({
      './jobs/email#run': 'build',
      'only.run': 'build',
      './last#run': 'out',
      './plain#run': 'plain source',
    })
    expect(await project.load([...references, './old/old#run'], { tsx: true })).toEqual({
      './old/old#run': 'CommonJS source',
      './jobs/email#run': 'source',
      'only.run': 'source',
      './last#run': 'out',
      './plain#run': 'plain source',
      './src/jobs/email.js#run': 'source',
    })
  })

  it('says so when a module is TypeScript and the process cannot load it', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'src/email.ts': 'export enum Kind { A }; export const run = (): string => "source"',
    })
    const flags = (process.features as { typescript?: unknown }).typescript ? ['--no-experimental-strip-types'] : []
    const said = await project.load(['./email#run'], { flags })
    expect(said['./email#run']).toBe(
      'RQ_FUNCTION_NOT_FOUND: Cannot load "./email#run": src/email.ts is TypeScript, which this process cannot load. Build it, or start the worker with a loader such as --import tsx.',
    )
  })

  it('looks in the import paths in their order and follows links that stay within them', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'one/email.js': says('one'),
      'two/email.js': says('two'),
      'two/other.js': says('other'),
      'two/volume/..2026_11_29/mail.js': says('mounted'),
    })
    await symlink('..2026_11_29', join(project.folder, 'two/volume/..data'))
    await symlink('..data/mail.js', join(project.folder, 'two/volume/mail.js'))
    await symlink(join(project.folder, 'two/other.js'), join(project.folder, 'one/link.js'))
    const loader = { importPaths: ['./missing', './one', './two'] }
    const expected = {
      './email#run': 'one',
      './other#run': 'other',
      './link#run': 'other',
      'email.run': 'one',
      './volume/mail#run': 'mounted',
      './volume/..data/mail#run': expect.stringMatching(/^RQ_FUNCTION_NOT_ALLOWED: .* begin with "\."/),
    }
    expect(await project.load(Object.keys(expected), { loader })).toEqual(expected)
  })

  it('loads allowed packages, whole or by subpath, and no others', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'node_modules/@acme/jobs/package.json': JSON.stringify({
        name: '@acme/jobs',
        type: 'module',
        exports: {
          '.': './main.js',
          './email': { import: './email.js', require: './none.cjs' },
          './tasks/*': './tasks/*.js',
        },
      }),
      'node_modules/@acme/jobs/main.js': says('main'),
      'node_modules/@acme/jobs/email.js': says('email'),
      'node_modules/@acme/jobs/tasks/clean.js': says('clean'),
      'node_modules/old/package.json': '{"name":"old"}',
      'node_modules/old/index.js': 'exports.run = () => "old"',
      'node_modules/old/more.js': 'exports.run = () => "more"',
      'node_modules/part/package.json': '{"name":"part","main":"./all"}',
      'node_modules/part/all.js': 'exports.run = () => "all"',
      'node_modules/part/one.js': 'exports.run = () => "one"',
    })
    const loader = { allow: ['@acme/jobs', 'old', 'part/one'] }
    const expected = {
      '@acme/jobs#run': 'main',
      '@acme/jobs/email#run': 'email',
      '@acme/jobs/tasks/clean#run': 'clean',
      'old#run': 'old',
      'old/more#run': 'more',
      'old.run': 'old',
      'old.more.run': 'more',
      'part/one#run': 'one',
      'part#run':
        'RQ_FUNCTION_NOT_ALLOWED: Refused to load "part#run": the package "part" is not allowed; start the worker with --allow part (or allow: [\'part\']); a module below an import path is written "./part".',
    }
    expect(await project.load(Object.keys(expected), { loader })).toEqual(expected)
  })

  it('says where it looked for what is not there', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'jobs/email.js': 'export const send = () => {}; export class Mail {}',
    })
    const said = await project.load(['./jobs/mail#send', './jobs/email#sned', 'jobs.mail.send', 'send'])
    expect(Object.values(said)).toEqual([
      'RQ_FUNCTION_NOT_FOUND: Cannot load "./jobs/mail#send": there is no module ./jobs/mail (.js .mjs .cjs .ts .mts .cts, or index in a folder) in the import paths (.), nor in their dist, build, out and src. A path begins at the producer\'s working directory or importPaths, and at --path of the worker: both must be the same folder.',
      'RQ_FUNCTION_NOT_FOUND: Cannot load "./jobs/email#sned": jobs/email.js was imported, but it has no "sned" (exports: Mail, send).',
      'RQ_FUNCTION_NOT_FOUND: Cannot load "jobs.mail.send": there is no module ./jobs/mail (.js .mjs .cjs .ts .mts .cts, or index in a folder) in the import paths (.), nor in their dist, build, out and src.',
      "RQ_FUNCTION_NOT_FOUND: Cannot load \"send\": no function is registered by that name (registered: none; a worker knows names by its options 'functions' and 'jobs').",
    ])
  })

  it('keeps the error of a module that throws as the cause, and its message out of ours', async () => {
    await using project = await createProject({
      'throws.mjs': 'export const run = 1; throw new TypeError("redis://:secret@host")',
      'syntax.mjs': 'export const = 1',
      'nothing.mjs': 'export const run = 1; throw null',
      'gone.mjs': "import './not-there.mjs'; export const run = 1",
    })
    const loader = new FunctionLoader({ importPaths: [project.folder] })
    const failures = ['./throws#run', './syntax#run', './nothing#run', './gone#run'].map((reference) =>
      loader.load(reference).catch((error) => error),
    )
    const [thrown, ...others] = await Promise.all(failures)
    expect(thrown).toMatchObject({ code: 'RQ_FUNCTION_NOT_FOUND', details: { reference: './throws#run' } })
    expect(thrown.message).toContain('throws.mjs could not be imported: it threw TypeError')
    expect(thrown.message).not.toContain('secret')
    expect(thrown.cause.message).toContain('secret')
    for (const error of others) expect(error).toMatchObject({ code: 'RQ_FUNCTION_NOT_FOUND' })
  })

  it.each(['jobs/throws.cjs', 'plain/throws.js', 'typed/throws.js'])(
    'survives a CommonJS module that throws: %s',
    async (file) => {
      const text = "exports.run = () => 1; throw new TypeError('at load')"
      await using project = await createProject({
        'package.json': MODULE,
        'plain/package.json': '{}',
        'typed/package.json': '{"type":"commonjs"}',
        [file]: text,
        'run.mjs': `
          import { FunctionLoader } from '@rq/functions'
          const loader = new FunctionLoader({ scripts: ['.'] })
          const said = []
          for (const reference of ['./${file}#run', './${file}#run', './${file}', './${file}']) {
            said.push(await loader.load(reference).then((fn) => fn()).catch((error) => error.cause?.message ?? error.message))
          }
          await new Promise((resolve) => setImmediate(resolve))
          console.log(JSON.stringify(said))`,
      })
      expect(await project.run('run.mjs')).toEqual(Array(4).fill('at load'))
    },
  )

  it('calls registered functions by name or by any other reference', async () => {
    const add = (a: number, b: number): number => a + b
    const loader = new FunctionLoader({ functions: { add, 'jobs.email.send': add, './gone#run': add } })
    expect(await loader.load('add')).toBe(add)
    expect(await loader.load('jobs.email.send')).toBe(add)
    expect(await loader.load('./gone#run')).toBe(add)
    await expect(loader.load('constructor')).rejects.toMatchObject({ code: 'RQ_FUNCTION_NOT_FOUND' })
  })

  it('refuses to register what cannot be called', () => {
    const code = 'RQ_INVALID_OPTION'
    const register = (fn: unknown) => () => new FunctionLoader({ functions: { fn: fn as () => void } })
    expect(register('text')).toThrow(expect.objectContaining({ code }))
    expect(register(class Mail {})).toThrow(expect.objectContaining({ code }))
    expect(register(Object.defineProperty(() => {}, 'then', {}))).toThrow(expect.objectContaining({ code }))
  })

  it('shares one load between calls at the same time, keeps what it loaded, and forgets failures', async () => {
    await using project = await createProject({ 'email.mjs': says('email') })
    const loader = new FunctionLoader({ importPaths: [project.folder] })
    const first = loader.load('./email#run')
    expect(loader.load('./email#run')).toBe(first)
    expect(await loader.load('./email#run')).toBe(await first)
    await expect(loader.load('./late#run')).rejects.toMatchObject({ code: 'RQ_FUNCTION_NOT_FOUND' })
    await symlink(join(project.folder, 'email.mjs'), join(project.folder, 'late.mjs'))
    expect(await loader.load('./late#run')).toBeTypeOf('function')
  })

  it('loads the function that a producer located', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'src/jobs/email.ts': `
        export const plain = (a: number, b: number): string => 'plain ' + (a + b)
        export default function (a: number, b: number): string { return 'default ' + (a + b) }
        export class Mail { static sign = 'mail '; static send(a: number, b: number): string { return this.sign + (a + b) } }`,
      'dist/jobs/email.js': `
        export const plain = (a, b) => 'plain ' + (a + b)
        export default function (a, b) { return 'default ' + (a + b) }
        export class Mail { static sign = 'mail '; static send(a, b) { return this.sign + (a + b) } }`,
      'src/produce.ts': `
        import byDefault, { Mail, plain } from './jobs/email.js'
        import('../rq/report.mjs').then(({ report }) => report({ plain, byDefault, send: Mail.send }))`,
    })
    const references = Object.values(await project.run('src/produce.ts', { tsx: true }))
    const results = ['plain 3', 'default 3', 'mail 3']
    expect(Object.values(await project.load(references))).toEqual(results)
    expect(Object.values(await project.load(references, { tsx: true }))).toEqual(results)
  })

  it.each([
    ['mjs', false],
    ['cjs', false],
    ['ts', true],
  ])('runs the top level of a .%s module again at every call', async (extension, tsx) => {
    await using project = await createProject({
      'package.json': MODULE,
      [`scripts/clean.${extension}`]:
        extension === 'cjs'
          ? "require('node:fs').appendFileSync('ran', 'ran\\n')"
          : "import { appendFileSync } from 'node:fs'\nappendFileSync('ran', 'ran\\n')",
      'run.mjs': `
        import { FunctionLoader } from '@rq/functions'
        const loader = new FunctionLoader({ scripts: ['scripts'] })
        for (const reference of ['./scripts/clean', 'scripts.clean', './scripts/clean.${extension}']) {
          await (await loader.load(reference))()
          await loader.loaded(reference)()
        }
        console.log('{}')`,
    })
    await project.run('run.mjs', { tsx })
    expect(await linesOf(join(project.folder, 'ran'))).toEqual(Array(6).fill('ran'))
  })

  it('runs scripts only where they are allowed, and says how to allow them', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'dist/scripts/clean.js': '',
      'src/scripts/clean.ts': '',
      'scripts-of-others/wipe.js': '',
      'nightly.js': '',
      'jobs/index.js': '',
      'jobs/daily.js': '',
    })
    const outcomes = async (scripts: string[]) => {
      const loader = new FunctionLoader({ importPaths: [project.folder], scripts })
      const references = ['./scripts/clean', './scripts-of-others/wipe', './nightly.js', 'jobs.daily']
      const loads = references.map((reference) =>
        loader.load(reference).then(
          () => 'runs',
          (error) => error.message,
        ),
      )
      return Promise.all(loads)
    }
    const refused = (reference: string, path: string, name: string) =>
      `Refused to load "${reference}": ${path} is a script; start the worker with --allow-script ${name} (or scripts: ['${name}']).`
    const [clean, wipe, nightly, daily] = [
      refused('./scripts/clean', 'src/scripts/clean.ts', 'scripts/clean'),
      refused('./scripts-of-others/wipe', 'scripts-of-others/wipe.js', 'scripts-of-others/wipe'),
      refused('./nightly.js', 'nightly.js', 'nightly'),
      refused('jobs.daily', 'jobs/daily.js', 'jobs/daily'),
    ]
    expect(await outcomes([])).toEqual([clean, wipe, nightly, daily])
    expect(await outcomes(['scripts'])).toEqual(['runs', wipe, nightly, daily])
    expect(await outcomes(['./scripts/clean.js', 'nightly', 'jobs/'])).toEqual(['runs', wipe, 'runs', 'runs'])
    expect(await outcomes(['src/scripts', 'scripts-of'])).toEqual(['runs', wipe, nightly, daily])
    expect(await outcomes(['.'])).toEqual(['runs', 'runs', 'runs', 'runs'])
    const check = (name: string) =>
      new FunctionLoader({ importPaths: [project.folder], scripts: [name] }).checkScripts()
    for (const name of ['scripts', 'scripts/clean', 'nightly', 'dist/scripts', '.']) await check(name)
    await expect(check('scripts/claen')).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION' })
    for (const name of ['', '/', '../up', '/etc', 'a//b', '.git', 'node_modules/x', 'C:\\x']) {
      expect(() => new FunctionLoader({ scripts: [name] }), name).toThrow(/^Invalid scripts: got /)
    }
  })

  it('runs a module only where no export is named, with its own errors and without arguments', async () => {
    await using project = await createProject({
      'package.json': MODULE,
      'jobs/index.js': says('export'),
      'jobs/run.js': "throw new Error('the module ran')",
      'jobs/clean.js': "throw new RangeError('from the module')",
      'single.js': "throw new Error('the module ran')",
      'run.mjs': `
        import { FunctionLoader } from '@rq/functions'
        const loader = new FunctionLoader({ scripts: ['jobs/clean'] })
        const clean = await loader.load('jobs.clean')
        const thrown = async (...args) => clean(...args).then(String, String)
        console.log(JSON.stringify({ bare: await thrown(), again: await thrown(), called: await thrown(1) }))`,
    })
    expect(await project.load(['jobs.run', 'single', './../x', './node_modules/x', './missing', 'scripts'])).toEqual({
      'jobs.run': 'export',
      single:
        "RQ_FUNCTION_NOT_FOUND: Cannot load \"single\": no function is registered by that name (registered: none; a worker knows names by its options 'functions' and 'jobs'); to run single.js from the top, enqueue './single'.",
      './../x': expect.stringMatching(/^RQ_FUNCTION_NOT_ALLOWED: /),
      './node_modules/x': expect.stringMatching(/^RQ_FUNCTION_NOT_ALLOWED: /),
      './missing': expect.stringMatching(/^RQ_FUNCTION_NOT_FOUND: .*there is no module \.\/missing/),
      scripts: expect.stringMatching(/registered: none; .*\)\.$/),
    })
    expect(await project.run('run.mjs')).toEqual({
      bare: 'RangeError: from the module',
      again: 'RangeError: from the module',
      called: expect.stringContaining(
        '"jobs.clean" is the module jobs/clean.js, which is run from the top and takes no arguments',
      ),
    })
  })
})
