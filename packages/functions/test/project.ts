import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const PACKAGES = fileURLToPath(new URL('../../', import.meta.url))
const TSX = fileURLToPath(import.meta.resolve('tsx'))

/**
 * Files of every project: a producer that prints what each function is called, and a worker that prints what each
 * reference gives.
 */
const TOOLS: Readonly<Record<string, string>> = {
  'rq/report.mjs': `
    import { referenceOf } from '@rq/functions'
    export async function report(functions, options) {
      const said = {}
      for (const [name, fn] of Object.entries(functions)) {
        said[name] = await referenceOf(fn, options).catch((error) => error.code + ': ' + error.message)
      }
      console.log(JSON.stringify(said))
    }`,
  'rq/load.mjs': `
    import { FunctionLoader } from '@rq/functions'
    const { references, options } = JSON.parse(process.argv[2])
    const loader = new FunctionLoader(options)
    const said = []
    for (const reference of references) {
      try {
        said.push([reference, await (await loader.load(reference))(1, 2)])
      } catch (error) {
        said.push([reference, error.code + ': ' + error.message])
      }
    }
    console.log(JSON.stringify(Object.fromEntries(said)))`,
}

export type Said = Readonly<Record<string, string>>

export interface Project extends AsyncDisposable {
  /** Real path of the project's folder. */
  readonly folder: string
  /** Run a script of the project in a process of its own, in the project's folder, and read the JSON that it prints. */
  run(script: string, options?: RunOptions): Promise<Said>
  /** Load references in a worker's process and call each function with 1 and 2. */
  load(references: readonly string[], options?: RunOptions & { loader?: object }): Promise<Said>
}

export interface RunOptions {
  readonly tsx?: boolean
  readonly flags?: readonly string[]
  readonly args?: readonly string[]
  /** Folder to run in, below the project. Default: the project. */
  readonly cwd?: string
  /** The program and its first arguments. Default: this Node.js. */
  readonly runtime?: readonly string[]
}

let installation: Promise<string> | undefined

/** This package and those that it needs, built as they are published, in a folder of their own. */
export function installedPackages(): Promise<string> {
  installation ??= install()
  return installation
}

export async function removeInstalledPackages(): Promise<void> {
  if (installation !== undefined) await rm(await installation, { recursive: true })
  installation = undefined
}

/** A project in a temporary folder, with the built packages installed. Removed on disposal. */
export async function createProject(files: Readonly<Record<string, string>>): Promise<Project> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'rq-project-')))
  for (const [path, text] of Object.entries({ ...TOOLS, ...files })) await writeDeep(join(folder, path), text)
  await mkdir(join(folder, 'node_modules'), { recursive: true })
  await symlink(join(await installedPackages(), 'node_modules/@rq'), join(folder, 'node_modules/@rq'))
  const project: Project = {
    folder,
    async run(script, { tsx = false, flags = [], args = [], cwd = '.', runtime = [process.execPath] } = {}) {
      const loader = tsx ? ['--import', TSX] : []
      const [program = '', ...first] = runtime
      const { stdout } = await run(program, [...first, ...loader, ...flags, join(folder, script), ...args], {
        cwd: join(folder, cwd),
        env: { PATH: process.env.PATH },
      })
      return JSON.parse(stdout)
    },
    load(references, { loader = {}, ...options } = {}) {
      return project.run('rq/load.mjs', { ...options, args: [JSON.stringify({ references, options: loader })] })
    },
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true })
    },
  }
  return project
}

export async function writeDeep(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

/** The lines of a file; none when it was never written. */
export async function linesOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line !== '')
}

async function install(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'rq-installed-')))
  const copy = async (name: string) => {
    const target = join(folder, 'node_modules/@rq', name)
    await cp(join(PACKAGES, name, 'dist'), join(target, 'dist'), { recursive: true })
    const manifest = JSON.parse(await readFile(join(PACKAGES, name, 'package.json'), 'utf8'))
    delete manifest.exports['.']['@rq/source']
    await writeFile(join(target, 'package.json'), JSON.stringify(manifest))
  }
  await Promise.all(['core', 'job', 'functions'].map(copy))
  return folder
}
