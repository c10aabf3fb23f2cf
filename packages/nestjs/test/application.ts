import { cp, mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeProject, type SpawnedProcess, spawnNode, spawnProcess, type TempDir } from '@rq/testkit'

const PACKAGE = new URL('../', import.meta.url)
const FIXTURE = new URL('fixtures/app/', import.meta.url)
const LINKED = ['@nestjs/common', '@nestjs/core', '@types/node', 'reflect-metadata', 'rq', 'typescript', 'zod']

/** The application of `fixtures/app`, as users compile it: with tsc and the decorators of Nest. */
export async function compileApplication(type: 'commonjs' | 'module'): Promise<TempDir> {
  const project = await makeProject({
    'package.json': JSON.stringify({ type }),
    'tsconfig.json': await readFile(new URL('tsconfig.json', FIXTURE), 'utf8'),
  })
  await cp(new URL('src/', FIXTURE), project.path('src'), { recursive: true })
  await link(project, '@rq/nestjs', PACKAGE)
  for (const name of LINKED) await link(project, name, linkedFolder(name))
  await using tsc = spawnProcess(
    process.execPath,
    [project.path('node_modules/typescript/bin/tsc'), '--outDir', 'dist'],
    {
      cwd: project.dir,
    },
  )
  const { code, stdout } = await tsc.exited
  if (code !== 0) throw new Error(stdout)
  return project
}

/** Types of Node are a dependency of the workspace, the others of the package. */
function linkedFolder(name: string): URL {
  const folder = new URL(name.startsWith('@types/') ? '../../' : './', PACKAGE)
  return new URL(`node_modules/${name}/`, folder)
}

async function link(project: TempDir, name: string, target: URL): Promise<void> {
  const path = project.path(`node_modules/${name}`)
  await mkdir(dirname(path), { recursive: true })
  await symlink(fileURLToPath(target), path, 'dir')
}

/** Start the compiled application. */
export function startApplication(project: TempDir, env: Readonly<Record<string, string>>): SpawnedProcess {
  return spawnNode(project.path('dist/main.js'), [], { cwd: project.dir, env })
}
