import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { atTestEnd } from './at-test-end.ts'

/** A folder that disposal removes with everything in it. */
export interface TempDir extends AsyncDisposable {
  /** The folder's path, symbolic links resolved. */
  readonly dir: string
  /** Returns the path of a file in the folder. */
  path(name: string): string
  /** Returns the `file:` URL of a file in the folder, for `import()`. */
  url(name: string): string
}

/** Create an empty folder, removed at the end of the test at the latest. */
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
  /** Packages of this workspace that the files import: `['@rq/job']`. Default: none. */
  packages?: readonly string[]
}

/**
 * Create a folder with these files:
 * `await using project = await makeProject({ 'jobs.mjs': 'export const send = ...' })`.
 * Adds a `package.json` with `"type": "module"` unless the files include one.
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
