import type { Setup } from '../setup.ts'
import { BY_FUNCTION, COMMONJS_BY_FUNCTION, COMMONJS_JOBS, JOBS, runWith } from './programs.ts'

const TYPESCRIPT = { 'jobs/sums.ts': 'export const add = (x: number, y: number): number => x + y\n' }

/** Both module systems, in the Node.js that runs this, or in another one from npm. */
function both(version?: number): readonly Setup[] {
  const where = version === undefined ? { quick: true } : { install: [`node@${version}`] }
  const name = version === undefined ? 'node' : `node ${version}`
  return [
    {
      ...where,
      name: `${name}, ES modules`,
      what: 'enqueue(fn)',
      async run(project) {
        await project.write({ ...JOBS, 'main.js': BY_FUNCTION })
        await runWith(project, 'node', 'main.js')
      },
    },
    {
      ...where,
      name: `${name}, CommonJS`,
      what: "require('rq'), enqueue(fn)",
      async run(project) {
        await project.write({ ...COMMONJS_JOBS, 'main.js': COMMONJS_BY_FUNCTION })
        await runWith(project, 'node', 'main.js')
      },
    },
  ]
}

/** Versions that load TypeScript by themselves. */
function typescript(version: number): Setup {
  return {
    name: `node ${version}, TypeScript`,
    what: 'no build, no loader',
    install: [`node@${version}`],
    async run(project) {
      await project.write({ ...TYPESCRIPT, 'main.ts': BY_FUNCTION.replace('sums.js', 'sums.ts') })
      await runWith(project, 'node', 'main.ts')
    },
  }
}

/** The client has types only, so its program does not load the module of the jobs. */
const BY_JOB_NAME: Setup = {
  name: 'node, jobs by name',
  what: 'jobsClient of rq/client, rq-cli worker --jobs',
  quick: true,
  async run(project) {
    await project.write({
      'jobs.js': `import { defineJobs } from 'rq'
export default defineJobs(
  { add: { run: ({ x }, { services }) => x + services.more } },
  { setup: () => ({ more: 22 }) },
)`,
      'main.js': `import { jobsClient } from 'rq/client'
const client = jobsClient()
console.log((await client.add.enqueue({ x: 20 })).id)
await client.close()`,
    })
    const printed = await project.exec('node', 'main.js')
    await project.work('--jobs', './jobs.js')
    await project.expectResult(printed, 42)
  },
}

const TSX: Setup = {
  name: 'tsx',
  what: 'TypeScript in producer and horse',
  install: ['tsx@4'],
  async run(project) {
    await project.write({ ...TYPESCRIPT, 'main.ts': BY_FUNCTION })
    const printed = await project.exec('node', '--import', 'tsx', 'main.ts')
    await project.work('--import', 'tsx')
    await project.expectResult(printed, 42)
  },
}

const FORGOTTEN: Setup = {
  name: 'tsx, forgotten in the worker',
  what: 'on a Node.js that loads no TypeScript',
  install: ['tsx@4', 'node@20'],
  refusal: /sums\.ts is TypeScript, which this process cannot load\..*/,
  async run(project) {
    await project.write({ ...TYPESCRIPT, 'main.ts': BY_FUNCTION })
    const printed = await project.exec('node', '--import', 'tsx', 'main.ts')
    await project.work()
    await project.expectResult(printed, 42)
  },
}

export const NODE: readonly Setup[] = [
  ...both(),
  ...[20, 22, 24, 26].flatMap(both),
  typescript(24),
  typescript(26),
  BY_JOB_NAME,
  TSX,
  FORGOTTEN,
]
