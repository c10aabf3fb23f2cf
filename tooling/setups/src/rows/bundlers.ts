import type { Project } from '../project.ts'
import type { Setup } from '../setup.ts'
import { BY_NAME, JOBS, runWith } from './programs.ts'

const WORKER = `
import { Worker } from 'rq'
new Worker('default', { horsePath: process.argv[2] }).work({ burst: true }).catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
`
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

/** Run a bundle where nothing else is, and its job where the jobs are. */
async function runAlone(project: Project, bundle: string): Promise<void> {
  const alone = `/tmp/rq-alone-${process.pid}-${bundle}`
  await project.exec('cp', bundle, alone)
  try {
    await runWith(project, 'node', alone)
  } finally {
    await project.exec('rm', alone)
  }
}

const ESBUILD = ['--bundle', '--platform=node', '--log-level=error']

const esbuild: readonly Setup[] = [
  {
    name: 'esbuild, producer, CommonJS',
    what: 'rq in the bundle, minified, alone',
    install: ['esbuild@0.28'],
    quick: true,
    async run(project) {
      await project.write({ ...JOBS, 'main.mjs': BY_NAME })
      await project.exec('esbuild', 'main.mjs', ...ESBUILD, '--minify', '--outfile=main.cjs')
      await runAlone(project, 'main.cjs')
    },
  },
  {
    name: 'esbuild, producer, ES module',
    what: 'rq in the bundle, alone, with the usual banner',
    install: ['esbuild@0.28'],
    async run(project) {
      await project.write({ ...JOBS, 'source.mjs': BY_NAME })
      await project.exec(
        'esbuild',
        'source.mjs',
        ...ESBUILD,
        '--format=esm',
        `--banner:js=${REQUIRE}`,
        '--outfile=main.mjs',
      )
      await runAlone(project, 'main.mjs')
    },
  },
  {
    name: 'esbuild, worker and horse',
    what: 'rq/horse in a second bundle, horsePath',
    install: ['esbuild@0.28'],
    async run(project) {
      await project.write({ ...JOBS, 'main.mjs': BY_NAME, 'worker.mjs': WORKER, 'horse.mjs': "import 'rq/horse'" })
      await project.exec('esbuild', 'worker.mjs', 'horse.mjs', ...ESBUILD, '--outdir=out', '--out-extension:.js=.cjs')
      const printed = await project.exec('node', 'main.mjs')
      await project.exec('node', 'out/worker.cjs', 'out/horse.cjs')
      await project.expectResult(printed, 42)
    },
  },
  {
    name: 'esbuild, worker alone',
    what: 'rq in the bundle, no horsePath',
    install: ['esbuild@0.28'],
    refusal: /the program seems to be bundled\. Keep rq out of the bundle.*horsePath\./,
    async run(project) {
      await project.write({ 'worker.mjs': WORKER })
      await project.exec('esbuild', 'worker.mjs', ...ESBUILD, '--outfile=worker.cjs')
      await project.exec('node', 'worker.cjs')
    },
  },
]

const rollup: Setup = {
  name: 'Rollup, producer',
  what: 'rq in the bundle, alone',
  install: ['rollup@4', '@rollup/plugin-node-resolve', '@rollup/plugin-commonjs', '@rollup/plugin-json'],
  async run(project) {
    await project.write({ ...JOBS, 'source.js': BY_NAME })
    const plugins = ['node-resolve={preferBuiltins:true,exportConditions:["node"]}', 'commonjs', 'json']
    const flags = plugins.flatMap((plugin) => ['--plugin', plugin])
    await project.exec('rollup', 'source.js', ...flags, '--format', 'cjs', '--file', 'main.cjs', '--silent')
    await runAlone(project, 'main.cjs')
  },
}

const webpack: Setup = {
  name: 'webpack, producer',
  what: 'rq in the bundle, minified, alone',
  install: ['webpack@5', 'webpack-cli@6'],
  async run(project) {
    const config = `export default { mode: 'production', target: 'node20', entry: './source.js',
  output: { path: import.meta.dirname, filename: 'main.cjs' } }`
    await project.write({ ...JOBS, 'source.js': BY_NAME, 'webpack.config.mjs': config })
    await project.exec('webpack')
    await runAlone(project, 'main.cjs')
  },
}

export const BUNDLERS: readonly Setup[] = [...esbuild, rollup, webpack]
