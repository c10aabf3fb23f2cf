import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  createProject,
  installedPackages,
  linesOf,
  type Project,
  removeInstalledPackages,
  type Said,
  writeDeep,
} from './project.ts'

/** A module that leaves its mark when it is imported, and when one of its functions is called. */
const canary = (name: string): string => `
  import { appendFileSync } from 'node:fs'
  const mark = (text) => appendFileSync(CANARY, '${name} ' + text + '\\n')
  mark('imported')
  export const run = () => mark('ran')
  export function then() { mark('then') }
  export class Job { static run() { mark('ran') } }
  export default run
`

const INVALID = 'RQ_INVALID_REFERENCE'
const NOT_ALLOWED = 'RQ_FUNCTION_NOT_ALLOWED'
const NOT_FOUND = 'RQ_FUNCTION_NOT_FOUND'

/** References that no worker may follow. None of them imports a thing. */
const NEVER_IMPORTED: readonly (readonly [reference: string, code: string])[] = [
  // Node's own modules
  ['node:fs#writeFileSync', NOT_ALLOWED],
  ['node:child_process#execSync', NOT_ALLOWED],
  ['NODE:child_process#execSync', NOT_ALLOWED],
  ['child_process#execSync', NOT_ALLOWED],
  ['fs/promises#writeFile', NOT_ALLOWED],
  ['fs/evil#run', NOT_ALLOWED],
  ['process#exit', NOT_ALLOWED],
  ['module#createRequire', NOT_ALLOWED],
  ['vm#runInThisContext', NOT_ALLOWED],
  ['fs.writeFileSync', NOT_ALLOWED],
  ['child_process.execSync', NOT_ALLOWED],
  ['os.system', NOT_ALLOWED],
  // URLs
  ['data:text/javascript,globalThis.x=1#run', NOT_ALLOWED],
  ['data:text/javascript,globalThis.x=1', INVALID],
  ['http://127.0.0.1/x.js#run', NOT_ALLOWED],
  ['https://127.0.0.1/x.js#run', NOT_ALLOWED],
  ['file://OUTSIDE/evil.js#run', NOT_ALLOWED],
  ['file:./jobs/email#run', NOT_ALLOWED],
  ['./file:/OUTSIDE/evil.js#run', NOT_ALLOWED],
  // Paths out of the root
  ['OUTSIDE/evil#run', NOT_ALLOWED],
  ['/etc/passwd#run', NOT_ALLOWED],
  ['//OUTSIDE/evil#run', NOT_ALLOWED],
  ['./OUTSIDE/evil#run', NOT_ALLOWED],
  ['../outside/evil#run', NOT_ALLOWED],
  ['./../outside/evil#run', NOT_ALLOWED],
  ['./jobs/../../outside/evil#run', NOT_ALLOWED],
  ['./jobs/../jobs/email#run', NOT_ALLOWED],
  ['./jobs/./email#run', NOT_ALLOWED],
  ['./jobs//email#run', NOT_ALLOWED],
  ['./#run', NOT_ALLOWED],
  ['.#run', NOT_ALLOWED],
  ['..#run', NOT_ALLOWED],
  ['./linked-file#run', NOT_ALLOWED],
  ['./linked-folder/evil#run', NOT_ALLOWED],
  ['linked-folder.evil.run', NOT_ALLOWED],
  ['.\\jobs\\email#run', NOT_ALLOWED],
  ['./jobs\\email#run', NOT_ALLOWED],
  ['./..\\outside\\evil#run', NOT_ALLOWED],
  ['C:\\outside\\evil#run', NOT_ALLOWED],
  ['~/evil#run', NOT_ALLOWED],
  // Other spellings of a path
  ['./jobs/email?x=1#run', NOT_ALLOWED],
  ['./jobs/email.js?x=1#run', NOT_ALLOWED],
  ['./jobs/%65mail#run', NOT_ALLOWED],
  ['./%2e%2e/outside/evil#run', NOT_ALLOWED],
  ['./jobs/email\u0000.js#run', NOT_ALLOWED],
  ['./jobs/email\n#run', NOT_ALLOWED],
  ['./jobs/email.js::$DATA#run', NOT_ALLOWED],
  ['./jobs/email.js.#run', NOT_FOUND],
  ['./jobs/email #run', NOT_FOUND],
  ['./Jobs/email#run', NOT_FOUND],
  ['./jobs/EMAIL#run', NOT_FOUND],
  ['./jobs/email.JS#run', NOT_FOUND],
  ['jobs.Email.run', NOT_FOUND],
  ['jobs.еmail.run', NOT_FOUND],
  ['jobs.ｅmail.run', NOT_FOUND],
  ['./data#run', NOT_FOUND],
  ['./data.json#run', NOT_FOUND],
  ['./types.d#run', NOT_FOUND],
  ['./types.d.ts#run', NOT_FOUND],
  ['./folder.js#run', NOT_FOUND],
  // Packages
  ['evil#run', NOT_ALLOWED],
  ['@acme/evil#run', NOT_ALLOWED],
  ['@acme/jobs/secret#run', NOT_FOUND],
  ['@acme/jobs/../evil#run', NOT_ALLOWED],
  ['@acme/jobs/node_modules/evil#run', NOT_ALLOWED],
  ['@acme/jobs\\evil#run', NOT_ALLOWED],
  ['@acme/jobs/package.json#run', NOT_FOUND],
  ['@acme/missing#run', NOT_FOUND],
  ['@acme#run', NOT_ALLOWED],
  ['only/other#run', NOT_ALLOWED],
  ['./node_modules/evil/index#run', NOT_ALLOWED],
  ['./Node_Modules/evil/index#run', NOT_ALLOWED],
  ['./linked-package/index#run', NOT_ALLOWED],
  ['node_modules.evil.index.run', NOT_ALLOWED],
  ['./node_moduleſ/evil/index#run', NOT_FOUND],
  ['node_moduleſ.evil.index.run', NOT_FOUND],
  ['ｅvil.run', NOT_FOUND],
  ['evil.run', NOT_FOUND],
  ['evil.index.run', NOT_FOUND],
  ['jobs/email#run', NOT_ALLOWED],
  ['tool/cli#run', NOT_ALLOWED],
  ['tool/.hidden/x#run', NOT_ALLOWED],
  ['tool..hidden.x.run', INVALID],
  ['#internal#run', INVALID],
  ['#internal/email', INVALID],
  ['workspace#run', NOT_ALLOWED],
  ['workspace/index#run', NOT_ALLOWED],
  ['workspace.run', NOT_FOUND],
  ['./linked-workspace/index#run', NOT_ALLOWED],
  // Scripts
  ['./scripts/wipe', NOT_ALLOWED],
  ['./scripts/wipe.js', NOT_ALLOWED],
  ['./scripts/wipe.mjs', NOT_FOUND],
  ['./scripts', NOT_ALLOWED],
  ['./scripts/index', NOT_ALLOWED],
  ['./uploads/avatar', NOT_ALLOWED],
  ['scripts.wipe', NOT_ALLOWED],
  ['uploads.avatar', NOT_ALLOWED],
  ['./jobs/email', NOT_ALLOWED],
  ['jobs.email', NOT_ALLOWED],
  ['./scripts/wipe#anything', NOT_ALLOWED],
  ['./scripts/wipe#default', NOT_ALLOWED],
  ['./scripts/wipe.js#export', NOT_ALLOWED],
  ['./scripts/seed#run', NOT_ALLOWED],
  ['./scripts/seed.ts#run', NOT_ALLOWED],
  ['./scripts/old#run', NOT_ALLOWED],
  ['./scripts/old.cjs#exports', NOT_ALLOWED],
  ['./scripts#anything', NOT_ALLOWED],
  ['./uploads/avatar#run', NOT_ALLOWED],
  ['scripts.wipe.anything', NOT_ALLOWED],
  ['scripts.anything', NOT_ALLOWED],
  ['uploads.avatar.run', NOT_ALLOWED],
  // Hidden files and folders
  ['./.hidden/x#run', NOT_ALLOWED],
  ['./.hidden/x', NOT_ALLOWED],
  ['./.hidden#run', NOT_ALLOWED],
  ['./jobs/.hidden/x#run', NOT_ALLOWED],
  ['./.yarn/releases/yarn-4.1.0', NOT_ALLOWED],
  ['./.yarn/releases/yarn-4.1.0#run', NOT_ALLOWED],
  ['./.git/hooks/x#run', NOT_ALLOWED],
  ['./linked-hidden-file#run', NOT_ALLOWED],
  ['./linked-hidden-folder/x#run', NOT_ALLOWED],
  ['linked-hidden-file.run', NOT_ALLOWED],
  ['./...#run', NOT_ALLOWED],
  // Other kinds of files
  ['./package#name', NOT_FOUND],
  ['./package.json#name', NOT_FOUND],
  ['./jobs/email.json#run', NOT_FOUND],
  ['./jobs/email.node#run', NOT_FOUND],
  ['./jobs/email.wasm#run', NOT_FOUND],
  ['./jobs/email.jsx#run', NOT_FOUND],
  ['./jobs/email.js/#run', NOT_ALLOWED],
  ['./jobs/email.js/index#run', NOT_FOUND],
  // Endings that other systems drop, and their devices
  ['./jobs/email.#run', NOT_FOUND],
  ['./jobs/email.js #run', NOT_FOUND],
  ['./jobs./email#run', NOT_FOUND],
  ['./jobs /email#run', NOT_FOUND],
  [' ./jobs/email#run', NOT_ALLOWED],
  ['./jobs/email.js\t#run', NOT_ALLOWED],
  ['./jobs/email\u00a0#run', NOT_FOUND],
  ['./jobs/email\u200b#run', NOT_FOUND],
  ['.//jobs/email#run', NOT_ALLOWED],
  ['./CON#run', NOT_FOUND],
  ['\\\\?\\C:\\outside\\evil#run', NOT_ALLOWED],
  ['\\\\host\\share\\evil#run', NOT_ALLOWED],
  ['file:C:/outside/evil#run', NOT_ALLOWED],
  ['./C:/outside/evil#run', NOT_ALLOWED],
  ['./jobs/email?#run', NOT_ALLOWED],
  ['./jobs/email.js%00#run', NOT_ALLOWED],
  ['./jobs%2femail#run', NOT_ALLOWED],
  [`./${'a'.repeat(300)}#run`, NOT_FOUND],
  // Names that lead to prototypes and promises
  ['./jobs/email#constructor', NOT_ALLOWED],
  ['./jobs/email#run.constructor', NOT_ALLOWED],
  ['./jobs/email#__proto__', NOT_ALLOWED],
  ['./jobs/email#Job.prototype', NOT_ALLOWED],
  ['./jobs/email#constructor.constructor', NOT_ALLOWED],
  ['./jobs/email#then', NOT_ALLOWED],
  ['./jobs/email#default.then', NOT_ALLOWED],
  ['jobs.email.constructor', NOT_ALLOWED],
  ['jobs.email.__proto__', NOT_ALLOWED],
  // Registered functions
  ['toString', NOT_FOUND],
  ['constructor', NOT_FOUND],
  ['__proto__', NOT_FOUND],
  ['hasOwnProperty', NOT_FOUND],
  ['eval', NOT_FOUND],
  ['os-system', NOT_FOUND],
  // No references at all
  ['', INVALID],
  ['#run', INVALID],
  ['./jobs/email#', INVALID],
  ['./jobs/email#a-b', INVALID],
  ['./jobs/email#run()', INVALID],
  ['./jobs/email#run.', INVALID],
  ['./jobs/email##run', INVALID],
  ['..', INVALID],
  ['jobs..email', INVALID],
  ['jobs.email.run()', INVALID],
  ['jobs／email.run', INVALID],
  ['jobs∕email.run', INVALID],
  ['․․∕outside∕evil.run', INVALID],
  ['jobs․email․run()', INVALID],
  ['jobs.email\u0000.run', INVALID],
  ['jobs.email\u202e.run', INVALID],
  [`./${'a/'.repeat(300)}b#run`, INVALID],
  [`${'a.'.repeat(100)}run`, NOT_FOUND],
]

/** Names of a module that may be imported, which are none of its own functions. */
const NEVER_CALLED: readonly (readonly [reference: string, code: string])[] = [
  ['./tricks#missing', NOT_FOUND],
  ['./tricks#toString', NOT_FOUND],
  [`./tricks#${'a.'.repeat(200)}run`, NOT_FOUND],
  ['./tricks#hasOwnProperty', NOT_FOUND],
  ['./tricks#own.call', NOT_ALLOWED],
  ['./tricks#own.bind', NOT_ALLOWED],
  ['./tricks#own.name', NOT_ALLOWED],
  ['./tricks#own.missing', NOT_FOUND],
  ['./tricks#plain.toString', NOT_ALLOWED],
  ['./tricks#plain.hasOwnProperty', NOT_ALLOWED],
  ['./tricks#plain.getter', NOT_ALLOWED],
  ['./tricks#plain.getter.run', NOT_ALLOWED],
  ['./tricks#Job', NOT_ALLOWED],
  ['./tricks#Child.run', NOT_ALLOWED],
  ['./tricks#Job.getter', NOT_ALLOWED],
  ['./tricks#instance.run', NOT_ALLOWED],
  ['./tricks#instance.field', NOT_ALLOWED],
  ['./tricks#list.push', NOT_ALLOWED],
  ['./tricks#number', NOT_ALLOWED],
  ['./tricks#number.toFixed', NOT_ALLOWED],
  ['./tricks#nothing.run', NOT_ALLOWED],
  ['./tricks#evaluate', NOT_ALLOWED],
  ['./tricks#Fn', NOT_ALLOWED],
  ['./tricks#exec', NOT_ALLOWED],
  ['./tricks#files.writeFileSync', NOT_ALLOWED],
  ['./tricks#files.promises.writeFile', NOT_ALLOWED],
  ['./tricks#proc.exit', NOT_ALLOWED],
  ['./tricks#thenable', NOT_ALLOWED],
  ['./tricks#default', NOT_ALLOWED],
  ['./tricks#default.default', NOT_ALLOWED],
  ['tricks.own.call', NOT_ALLOWED],
  ['tricks.Child.run', NOT_ALLOWED],
]

const TRICKS = `
  import { appendFileSync } from 'node:fs'
  import files from 'node:fs'
  export { execSync as exec } from 'node:child_process'
  const mark = () => appendFileSync(CANARY, 'called\\n')
  export { files }
  export const proc = process
  export const own = () => {}
  export const evaluate = eval
  export const Fn = Function
  export const plain = { get getter() { mark(); return own } }
  export class Job { static run() { mark() } static get getter() { mark(); return own } field = () => mark(); run() { mark() } }
  export class Child extends Job {}
  export const instance = new Job()
  export const list = []
  export const number = 5
  export const nothing = null
  export const thenable = Object.assign(() => {}, { then: mark })
  export function then() { mark() }
  export default { default: { get default() { return mark } } }
`

/** Files that run when they are imported, and export nothing. */
const SCRIPTS: readonly (readonly [path: string, end: string])[] = [
  ['app/scripts/wipe.js', '// export the rest\n'],
  ['app/scripts/index.mjs', ''],
  ['app/scripts/seed.ts', 'export {}\nexport type Seed = string\n'],
  ['app/scripts/old.cjs', 'if (require.main === module) 1\n'],
  ['app/uploads/avatar.js', ''],
  ['app/node_modules/tool/cli.js', ''],
]

const HIDDEN: readonly string[] = [
  'app/.hidden/x.js',
  'app/.hidden/index.js',
  'app/.hidden.js',
  'app/....js',
  'app/jobs/.hidden/x.js',
  'app/.git/hooks/x.js',
  'app/.yarn/releases/yarn-4.1.0.js',
  'app/node_modules/tool/.hidden/x.js',
]

let project: Project
let canaryFile: string

beforeAll(async () => {
  await installedPackages()
  const outside = await createProject({ 'evil.js': '' })
  project = await createProject({
    'package.json': '{"type":"module"}',
    'app/package.json': JSON.stringify({
      name: 'app',
      type: 'module',
      exports: { '.': './jobs/email.js', './*': './*.js' },
      imports: { '#internal': './jobs/email.js', '#internal/*': './jobs/*.js' },
    }),
    'app/jobs/email.json': '{}',
    'app/data.json': '{}',
    'app/types.d.ts': 'export {}',
    'app/folder.js/.keep': '',
  })
  canaryFile = join(project.folder, 'canary')
  const spring = (path: string, name: string) =>
    writeDeep(path, `const CANARY = ${JSON.stringify(canaryFile)}\n${canary(name)}`)
  await spring(join(project.folder, 'app/jobs/email.js'), 'email')
  await spring(join(project.folder, 'outside/evil.js'), 'outside')
  for (const [path, end] of SCRIPTS) {
    const mark = `appendFileSync(${JSON.stringify(canaryFile)}, '${path} ran\\n')\n`
    const fs = path.endsWith('cjs')
      ? 'const { appendFileSync } = require'
      : 'const { appendFileSync } = process.getBuiltinModule'
    await writeDeep(join(project.folder, path), `${fs}('node:fs')\n${mark}${end}`)
  }
  for (const path of HIDDEN) await spring(join(project.folder, path), path)
  await writeDeep(join(project.folder, 'app/node_modules/tool/package.json'), '{"name":"tool","type":"module"}')
  await writeDeep(join(project.folder, 'workspace/package.json'), '{"name":"workspace","type":"module"}')
  await spring(join(project.folder, 'workspace/index.js'), 'workspace')
  await writeDeep(join(project.folder, 'app/tricks.js'), `const CANARY = ${JSON.stringify(canaryFile)}\n${TRICKS}`)
  for (const name of ['evil', '@acme/evil', 'only', '@acme/jobs/node_modules/evil', '@acme/jobs']) {
    const folder = join(project.folder, 'app/node_modules', name)
    await writeDeep(join(folder, 'package.json'), JSON.stringify({ name, type: 'module', exports: './index.js' }))
    await spring(join(folder, 'index.js'), name)
    await spring(join(folder, 'secret.js'), name)
    await spring(join(folder, 'other.js'), name)
  }
  await symlink(join(project.folder, 'outside/evil.js'), join(project.folder, 'app/linked-file.js'))
  await symlink(join(project.folder, 'outside'), join(project.folder, 'app/linked-folder'))
  await symlink(join(project.folder, 'app/node_modules/evil'), join(project.folder, 'app/linked-package'))
  await symlink(join(project.folder, 'app/.hidden/x.js'), join(project.folder, 'app/linked-hidden-file.js'))
  await symlink(join(project.folder, 'app/.hidden'), join(project.folder, 'app/linked-hidden-folder'))
  await symlink(join(project.folder, 'workspace'), join(project.folder, 'app/node_modules/workspace'))
  await symlink(join(project.folder, 'workspace'), join(project.folder, 'app/linked-workspace'))
  await outside[Symbol.asyncDispose]()
})

// The marks of another try of a test are none of this one.
beforeEach(() => rm(canaryFile, { force: true }))

afterAll(async () => {
  await project[Symbol.asyncDispose]()
  await removeInstalledPackages()
})

const loader = { allow: ['@acme/jobs', '@acme/missing', 'only/one', 'tool', 'fs', 'node:fs', 'child_process'] }
const concrete = (reference: string): string => reference.replace('OUTSIDE', join(project.folder, 'outside'))
const codesOf = (said: Said, corpus: readonly (readonly [string, string])[]) =>
  corpus.map(([reference]) => [reference, String(said[concrete(reference)]).split(':')[0]])

describe('FunctionLoader', () => {
  it.each([false, true])('refuses hostile references without importing anything (with tsx: %s)', async (tsx) => {
    const said = await project.load(
      NEVER_IMPORTED.map(([reference]) => concrete(reference)),
      { cwd: 'app', loader, tsx },
    )
    expect(codesOf(said, NEVER_IMPORTED)).toEqual(NEVER_IMPORTED)
    expect(await linesOf(canaryFile)).toEqual([])
  })

  it("refuses what is not a module's own function without calling anything", async () => {
    const said = await project.load(
      NEVER_CALLED.map(([reference]) => reference),
      { cwd: 'app', loader },
    )
    expect(codesOf(said, NEVER_CALLED)).toEqual(NEVER_CALLED)
    expect(await linesOf(canaryFile)).toEqual([])
  })

  it('leaves a mark when one of these modules is imported, so that the tests above can fail', async () => {
    await project.load(['./jobs/email#run', '@acme/jobs#run', 'jobs.email.Job.run'], { cwd: 'app', loader })
    expect(await linesOf(canaryFile)).toEqual([
      'email imported',
      'email ran',
      '@acme/jobs imported',
      '@acme/jobs ran',
      'email ran',
    ])
  })
})
