import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProject, installedPackages, type Project, removeInstalledPackages } from './project.ts'

beforeAll(installedPackages, 60_000)
afterAll(removeInstalledPackages)

const OLD = new Date('2026-01-01')
const NEW = new Date('2026-01-02')

const FILES = {
  'package.json': '{"type":"module"}',
  'src/mail.ts': 'export const send = (): string => "new"',
  'dist/mail.js': 'export const send = () => "old"',
  'beside.ts': 'export const run = (): string => "new"',
  'beside.js': 'export const run = () => "old"',
  'plain/own.js': 'export const own = () => 1',
  'src/js.js': 'export const js = () => "new"',
  'build/js.js': 'export const js = () => "old"',
  'work.mjs': `
    import { FunctionLoader } from '@rq/functions'
    const warnings = []
    const said = []
    for (let i = 0; i < 2; i++) {
      const loader = new FunctionLoader({ warn: (message) => warnings.push(message) })
      for (const name of ['./mail#send', './beside#run', './plain/own#own', './js#js']) said.push(await (await loader.load(name))())
    }
    console.log(JSON.stringify({ warnings, said: said.slice(0, 2).join() }))`,
  'produce.mjs': `
    import { referenceOf } from '@rq/functions'
    import { send } from './src/mail.ts'
    import { run } from './beside.ts'
    import { own } from './plain/own.js'
    const warnings = []
    for (const fn of [send, run, own]) await referenceOf(fn, { warn: (message) => warnings.push(message) })
    await referenceOf(send, { importPaths: ['src'], warn: (message) => warnings.push(message) })
    console.log(JSON.stringify({ warnings }))`,
}

const advice = 'and plain Node.js runs it: build it again, or start the worker with a loader such as --import tsx'
const MAIL = `dist/mail.js is older than src/mail.ts, ${advice}`
const BESIDE = `beside.js is older than beside.ts, ${advice}`
const JS = `build/js.js is older than src/js.js, ${advice}`

async function dated(build: Date, source: Date): Promise<Project> {
  const project = await createProject(FILES)
  for (const file of ['dist/mail.js', 'beside.js', 'build/js.js'])
    await utimes(join(project.folder, file), build, build)
  for (const file of ['src/mail.ts', 'beside.ts', 'src/js.js']) await utimes(join(project.folder, file), source, source)
  return project
}

describe('a build that is older than its source', () => {
  it('is warned of once, by a worker that runs it and by a producer that runs the source', async () => {
    await using project = await dated(OLD, NEW)
    expect(await project.run('work.mjs')).toEqual({ warnings: [MAIL, BESIDE, JS], said: 'old,old' })
    expect(await project.run('produce.mjs', { tsx: true })).toEqual({ warnings: [MAIL, BESIDE] })
    const { said, warnings } = await project.run('work.mjs', { tsx: true })
    expect({ said, warnings }).toEqual({ said: 'new,new', warnings: [] })
  })

  it('is the only one that is warned of', async () => {
    await using project = await dated(NEW, OLD)
    expect(await project.run('work.mjs')).toMatchObject({ warnings: [] })
    expect(await project.run('produce.mjs', { tsx: true })).toEqual({ warnings: [] })
  })
})
