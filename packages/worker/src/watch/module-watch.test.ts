import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import process from 'node:process'
import { silentLogger } from '@rq/core'
import { eventually, makeProject } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { ModuleWatch } from './module-watch.ts'
import { watchedFolders } from './watched-folders.ts'

/** A watched project, and the modules that were reported, by their paths in it. */
async function watched(files: Readonly<Record<string, string>>) {
  const project = await makeProject(files)
  const reports: (readonly string[])[] = []
  const start = relative(process.cwd(), project.dir)
  const watch = new ModuleWatch({
    folders: [project.dir],
    logger: silentLogger,
    onChange: (paths) => reports.push(paths.map((path) => path.slice(start.length + 1))),
  })
  await watch.start()
  return {
    write: (name: string, text = '') => writeFile(project.path(name), text),
    path: project.path,
    watch,
    reports,
    seen: () => new Set(reports.flat()),
    async [Symbol.asyncDispose]() {
      watch.stop()
      await project[Symbol.asyncDispose]()
    },
  }
}

describe('ModuleWatch', () => {
  it('reports modules that are written, renamed and deleted, in all folders', async () => {
    await using at = await watched({ 'a.mjs': '', 'deep/er/b.ts': '', 'c.js': '' })
    await at.write('a.mjs', '1')
    await at.write('deep/er/b.ts', '1')
    await rename(at.path('c.js'), at.path('d.cjs'))
    await eventually(() => expect(at.seen()).toEqual(new Set(['a.mjs', 'deep/er/b.ts', 'c.js', 'd.cjs'])))
    at.reports.length = 0
    await rm(at.path('d.cjs'))
    await eventually(() => expect(at.seen()).toContain('d.cjs'))
    // What was written may be reported once more: a file is written in steps.
    expect(at.seen()).not.toContain('c.js')
  })

  it('reports modules of folders that come later, and of one that is replaced, as a build does', async () => {
    await using at = await watched({ 'dist/a.js': '' })
    await mkdir(at.path('new/deep'), { recursive: true })
    await at.write('new/deep/b.ts')
    await eventually(() => expect(at.seen()).toContain('new/deep/b.ts'))
    await rm(at.path('dist'), { recursive: true })
    await mkdir(at.path('dist'))
    await at.write('dist/a.js', '2')
    await eventually(() => expect(at.seen()).toContain('dist/a.js'))
    at.reports.length = 0
    await at.write('dist/a.js', '3')
    await eventually(() => expect(at.seen()).toContain('dist/a.js'))
  })

  it('reports neither other files nor what is hidden or installed', async () => {
    await using at = await watched({ '.git/x.js': '', 'node_modules/p/index.js': '', 'readme.md': '', 'a.js': '' })
    await at.write('.git/x.js', '1')
    await at.write('node_modules/p/index.js', '1')
    await at.write('readme.md', '1')
    await at.write('.swap.js', '1')
    await at.write('a.js', '1')
    await eventually(() => expect([...at.seen()]).toEqual(['a.js']))
  })

  it('reports changes that follow each other as one', async () => {
    await using at = await watched({ 'a.js': '' })
    await Promise.all(Array.from({ length: 20 }, (_, n) => at.write(`m${n}.js`)))
    await eventually(() => expect(at.seen().size).toBe(20))
    expect(at.reports.length).toBeLessThan(20)
  })

  it('reports nothing after it was stopped', async () => {
    await using at = await watched({ 'a.js': '' })
    await at.write('a.js', '1')
    at.watch.stop()
    await using other = await watched({ 'a.js': '' })
    await other.write('a.js', '1')
    await eventually(() => other.reports.length > 0)
    expect(at.reports).toEqual([])
  })
})

describe('watchedFolders', () => {
  it('are the import paths and the allowed packages that are linked, each once', async () => {
    await using repo = await makeProject({
      'packages/jobs/package.json': '{"name":"@acme/jobs","exports":"./index.js"}',
      'packages/jobs/index.js': '',
      'app/package.json': '{"name":"app"}',
      'app/src/a.js': '',
      'app/node_modules/installed/package.json': '{"name":"installed","exports":"./index.js"}',
      'app/node_modules/installed/index.js': '',
    })
    await mkdir(repo.path('app/node_modules/@acme'))
    await symlink(repo.path('packages/jobs'), repo.path('app/node_modules/@acme/jobs'), 'dir')
    const paths = [repo.path('app'), repo.path('app/src')]
    const allow = ['@acme/jobs', 'installed', 'missing']
    expect(await watchedFolders(paths, allow)).toEqual([repo.path('app'), repo.path('packages/jobs')])
  })
})
