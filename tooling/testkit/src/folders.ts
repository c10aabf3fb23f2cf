import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { atTestEnd } from './at-test-end.ts'

/** A folder that is removed with everything in it when it is disposed of. */
export interface TempDir extends AsyncDisposable {
  /** Real path: no symbolic link on the way. */
  readonly dir: string
  /** The path of something in the folder. */
  path(name: string): string
  /** The `file:` URL of something in the folder, for `import()`. */
  url(name: string): string
}

export async function tempDir(): Promise<TempDir> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'rq-test-')))
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true })
  atTestEnd(remove)
  return {
    dir,
    path: (name) => join(dir, name),
    url: (name) => pathToFileURL(join(dir, name)).href,
    [Symbol.asyncDispose]: remove,
  }
}

export interface ProjectOptions {
  /** Packages of this workspace that the files import, by name: `['@rq/job']`. Child processes of `spawnNode` load what was built. */
  packages?: readonly string[]
}

/**
 * A folder with these files: `await using project = await makeProject({ 'jobs/email.mjs': 'export const send = ...' })`.
 * It gets a `package.json` that says `"type": "module"` unless the files bring one.
 */
export async function makeProject(
  files: Readonly<Record<string, string>>,
  { packages = [] }: ProjectOptions = {},
): Promise<TempDir> {
  const links = await Promise.all(packages.map(async (name) => [`node_modules/${name}`, await folderOf(name)] as const))
  const project = await tempDir()
  for (const [name, text] of Object.entries({ 'package.json': '{ "type": "module" }\n', ...files })) {
    await mkdir(dirname(project.path(name)), { recursive: true })
    await writeFile(project.path(name), text)
  }
  for (const [name, target] of links) {
    await mkdir(dirname(project.path(name)), { recursive: true })
    await symlink(target, project.path(name), 'dir')
  }
  return project
}

async function folderOf(packageName: string): Promise<string> {
  for (const group of ['packages', 'apps', 'tooling']) {
    const parent = fileURLToPath(new URL(`../../../${group}`, import.meta.url))
    for (const entry of await readdir(parent).catch(() => [])) {
      const manifest = await readFile(join(parent, entry, 'package.json'), 'utf8').catch(() => '{}')
      if (JSON.parse(manifest).name === packageName) return join(parent, entry)
    }
  }
  throw new Error(`No package ${packageName} in this workspace.`)
}
