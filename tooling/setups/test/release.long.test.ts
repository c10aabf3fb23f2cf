import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TempDir, tempDir } from '@rq/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pnpm, ROOT, run } from '../../../scripts/run.mjs'
import { PACKAGE_MANAGERS } from '../src/rows/package-managers.ts'
import { Site } from '../src/site.ts'

/** Installing, building and packing the whole workspace takes minutes on a busy machine. */
const RELEASE_MS = 900_000

let copy: TempDir
let version: string

const inCopy = async (...command: [string, ...string[]]): Promise<string> => {
  const { ok, output, stdout } = await run(command, { cwd: copy.dir })
  if (!ok) throw new Error(`${command.join(' ')}\n${output}`)
  return stdout
}

const manifestAt = async (folder: string) => JSON.parse(await readFile(copy.path(join(folder, 'package.json')), 'utf8'))

/** Whether a tool can be fetched: some machines reach no registry, or only parts of one. */
const isAvailable = async (name: string): Promise<boolean> => (await run(['npm', 'view', name, 'version'])).ok

/** The steps of a release up to the publishing, in a copy of the workspace without what git ignores. */
beforeAll(async () => {
  copy = await tempDir()
  const { stdout } = await run(['git', 'ls-files', '--cached', '--others', '--exclude-standard'])
  for (const file of stdout.split('\n').filter((name) => name !== '')) {
    // A file that is deleted and not committed is still listed.
    await cp(join(ROOT, file), copy.path(file)).catch((error) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  // changesets reads the history.
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false']
  await inCopy('git', 'init', '--quiet', '--initial-branch=main')
  await inCopy('git', 'add', '--all')
  await inCopy('git', ...identity, 'commit', '--quiet', '--no-verify', '--message=copy')
  await inCopy(...pnpm('install', '--frozen-lockfile', '--prefer-offline'))
  await inCopy(...pnpm('exec', 'changeset', 'version'))
  version = (await manifestAt('packages/rq')).version
  await inCopy(...pnpm('install', '--frozen-lockfile', '--prefer-offline'))
  await inCopy(...pnpm('run', 'build'))
}, RELEASE_MS)

afterAll(async () => {
  await copy[Symbol.asyncDispose]()
})

describe('a release', () => {
  it('gives all published packages one new version, says what changed, and uses up the changesets', async () => {
    const { version: before } = JSON.parse(await readFile(join(ROOT, 'packages/rq/package.json'), 'utf8'))
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(version).not.toBe(before)
    const folders = (await readdir(copy.path('packages'))).map((name) => join('packages', name))
    for (const folder of [...folders, 'apps/rq-cli']) {
      const manifest = await manifestAt(folder)
      expect([manifest.name, manifest.version]).toEqual([manifest.name, version])
    }
    expect(await readFile(copy.path('packages/rq/CHANGELOG.md'), 'utf8')).toContain(`## ${version}`)
    const left = (await readdir(copy.path('.changeset'))).filter((name) => name.endsWith('.md') && name !== 'README.md')
    expect(left).toEqual([])
  })

  it('can be installed and used with npm, pnpm, Yarn and Bun, as far as these can be fetched', async () => {
    await using site = await Site.open(copy.dir)
    const manifests = await Promise.all(
      [...site.tarballs.values()].map(async (tarball) => {
        const text = await inCopy('tar', '-xzOf', tarball, 'package/package.json')
        return JSON.parse(text) as { name: string; version: string; dependencies?: Record<string, string> }
      }),
    )
    for (const { dependencies = {}, name, version: packed } of manifests) {
      expect([name, packed]).toEqual([name, version])
      const ours = Object.entries(dependencies).filter(([other]) => site.tarballs.has(other))
      expect([name, ours]).toEqual([name, ours.map(([other]) => [other, `^${version}`])])
    }
    for (const setup of PACKAGE_MANAGERS) {
      if (setup.fetches !== undefined && !(await isAvailable(setup.fetches))) continue
      const { isRight, text } = await site.try(setup)
      expect([setup.name, isRight, text]).toEqual([setup.name, true, ''])
    }
  })

  it('builds the version into the program', async () => {
    expect(await inCopy('node', 'apps/rq-cli/bin/rq-cli.js', '--version')).toBe(`${version}\n`)
  })
})
