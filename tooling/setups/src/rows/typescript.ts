import type { Setup } from '../setup.ts'

const CHECK = `
import { Queue, ref, Retry, RqError, Worker, type Job } from 'rq'
import { RqError as SameError } from '@rq/core'
import type { RqConfig } from 'rq-cli'

const double = async (x: number): Promise<number> => 2 * x
const queue = new Queue('low')
export async function main(): Promise<number> {
  const job: Job<number> = await queue.enqueue(double, [21], { retry: new Retry({ max: 2 }) })
  // @ts-expect-error a text is no number
  await queue.enqueue(double, ['21'])
  await queue.enqueue(ref<typeof double>('./jobs#double'), [1])
  const error: SameError = new RqError('RQ_CONFIG', 'text')
  throw new Worker('low').isWorking ? error : await job.result({ timeout: '1m' })
}
export const config: RqConfig = { redisUrl: 'redis://localhost', queues: ['low'] }
`

interface Settings {
  readonly typescript: string
  readonly module: string
  /** The type of the user's package. */
  readonly type?: 'commonjs' | 'module'
  readonly resolution?: string
}

function check({ typescript, module, type = 'commonjs', resolution }: Settings): Setup {
  return {
    name: `TypeScript ${typescript}, ${module}, ${type === 'module' ? 'ES module' : 'CommonJS'}`,
    what: 'types of rq, @rq/core and rq-cli',
    install: [`typescript@${typescript}`, '@types/node@20'],
    quick: typescript === '5.9' && module === 'commonjs',
    async run(project) {
      await project.write({ 'package.json': JSON.stringify({ private: true, type }), 'check.ts': CHECK })
      // 5.2 cannot read some declarations of @types/node; what it makes of ours still counts.
      const flags = [
        '--noEmit',
        '--strict',
        '--skipLibCheck',
        '--target',
        'es2022',
        '--module',
        module,
        '--types',
        'node',
      ]
      await project.exec('tsc', ...flags, ...(resolution ? ['--moduleResolution', resolution] : []), 'check.ts')
    },
  }
}

export const TYPESCRIPT: readonly Setup[] = [
  ...['5.2', '5.9'].map((typescript) => check({ typescript, module: 'commonjs' })),
  check({ typescript: '7', module: 'commonjs' }),
  ...['5.2', '5.9', '7'].flatMap((typescript) => [
    check({ typescript, module: 'node16' }),
    check({ typescript, module: 'node16', type: 'module' }),
    check({ typescript, module: 'nodenext' }),
    check({ typescript, module: 'nodenext', type: 'module' }),
    check({ typescript, module: 'esnext', type: 'module', resolution: 'bundler' }),
  ]),
  ...['5.9', '7'].flatMap((typescript) => [
    check({ typescript, module: 'node18' }),
    check({ typescript, module: 'node18', type: 'module' }),
  ]),
]
