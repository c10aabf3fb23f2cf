import { realpath } from 'node:fs/promises'
import { projectFiles } from '../../../../scripts/pack.mjs'
import { pnpm } from '../../../../scripts/run.mjs'
import { type Setup, SetupError } from '../setup.ts'
import { BY_FUNCTION, JOBS } from './programs.ts'

/** A project of its own, installed by a package manager with what `pnpm packed` writes. */
function installedBy(name: string, fetches: string | undefined, command: readonly [string, ...string[]]): Setup {
  return {
    ...(fetches !== undefined && { fetches }),
    name: `installed by ${name}`,
    what: 'rq and rq-cli from `pnpm packed`',
    async run(project) {
      const tool = fetches === undefined ? command : ['npx', '--yes', '--package', fetches, '--', ...command]
      await project.write({ ...projectFiles(project.tarballs), ...JOBS, 'main.js': BY_FUNCTION })
      const [file = '', ...args] = tool
      await project.exec(file, ...args)
      const own = await realpath(project.path('node_modules/rq'))
      if (!own.startsWith(await realpath(project.dir))) throw new SetupError(`rq was not installed here, but is ${own}`)
      const printed = await project.exec('node', 'main.js')
      await project.exec('rq-cli', 'worker', '--burst')
      await project.expectResult(printed, 42)
    },
  }
}

export const PACKAGE_MANAGERS: readonly Setup[] = [
  installedBy('npm', undefined, ['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline']),
  installedBy('pnpm 12', undefined, [...pnpm(), 'install', '--no-frozen-lockfile']),
  installedBy('Yarn 1', 'yarn@1', ['yarn', 'install', '--no-lockfile']),
  installedBy('Bun', 'bun@1', ['bun', 'install']),
]
