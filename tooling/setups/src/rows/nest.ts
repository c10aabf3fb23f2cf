import type { Project } from '../project.ts'
import type { Setup } from '../setup.ts'

const APP = `
import 'reflect-metadata'
import { Injectable, Module } from '@nestjs/common'
import { InjectQueue, Process, Processor, RqModule } from '@rq/nestjs'
import type { Queue } from 'rq'

@Injectable()
export class Calculator {
  sum(x: number, y: number): number {
    return x + y
  }
}

@Processor('default')
export class Sums {
  constructor(private readonly calculator: Calculator) {}

  @Process('add')
  add({ x, y }: { x: number; y: number }): number {
    return this.calculator.sum(x, y)
  }
}

@Injectable()
export class Orders {
  constructor(@InjectQueue('default') readonly queue: Queue) {}
}

@Module({
  imports: [
    RqModule.forRootAsync({ useFactory: () => ({ worker: process.argv.includes('--work') ? {} : false }) }),
    RqModule.registerQueue({ name: 'default' }),
  ],
  providers: [Calculator, Sums, Orders],
})
export class AppModule {}
`

/** With `--work`, its own worker runs the job; otherwise it prints the id. */
const MAIN = `
import { NestFactory } from '@nestjs/core'
import { AppModule, Orders } from './app'

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false })
  const job = await app.get(Orders).queue.enqueue('add', [{ x: 20, y: 22 }])
  if (process.argv.includes('--work')) await job.result({ timeout: 60 })
  console.log(job.id)
  await app.close()
}
void main()
`

const JOBS = `
import { nestJobs } from '@rq/nestjs'
import { AppModule } from './app'

export default nestJobs(AppModule)
`

const COMPILED = ['--module', 'commonjs', '--target', 'es2022', '--strict', '--skipLibCheck', '--esModuleInterop']
const DECORATED = ['--experimentalDecorators', '--emitDecoratorMetadata', '--types', 'node', '--outDir', 'dist']

/** Our packages are installed here too: those of the folder above would find another Nest. */
function manifest(project: Project, major: number): string {
  const ours = Object.fromEntries([...project.tarballs].map(([name, file]) => [name, `file:${file}`]))
  const theirs = {
    ...{ '@nestjs/core': `^${major}`, '@nestjs/common': `^${major}`, 'reflect-metadata': '^0.2', rxjs: '^7' },
    ...{ ioredis: '^6', typescript: '~5.9', '@types/node': '^20' },
  }
  return JSON.stringify({ private: true, dependencies: { ...ours, ...theirs } })
}

/** Jobs that are methods of providers. */
export function nest(major: number): Setup {
  return {
    name: `NestJS ${major}, @rq/nestjs`,
    what: 'a method of a provider, in the application and in a process horse',
    async run(project) {
      await project.write({
        'package.json': manifest(project, major),
        ...{ 'src/app.ts': APP, 'src/main.ts': MAIN, 'src/jobs.ts': JOBS },
      })
      await project.exec('npm', 'install', '--no-audit', '--no-fund', '--prefer-offline')
      await project.exec('tsc', ...COMPILED, ...DECORATED, 'src/main.ts', 'src/jobs.ts')
      await project.expectResult(await project.exec('node', 'dist/main.js', '--work'), 42)
      const printed = await project.exec('node', 'dist/main.js')
      await project.exec('rq-cli', 'worker', '--burst', '--jobs', './dist/jobs.js')
      await project.expectResult(printed, 42)
    },
  }
}
