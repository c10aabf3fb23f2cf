import type { Setup } from '../setup.ts'
import { BY_NAME, JOBS } from './programs.ts'

/**
 * Another runtime as producer, and as worker with each kind of horse.
 * @param refusals what a worker prints that refuses a kind of horse.
 */
function runtime(
  name: string,
  install: readonly string[],
  command: readonly [string, ...string[]],
  refusals: Readonly<Record<string, RegExp>> = {},
): readonly Setup[] {
  const producer: Setup = {
    name: `${name}, producer`,
    what: 'enqueue(ref(...)), worker on Node.js',
    install,
    async run(project) {
      await project.write({ ...JOBS, 'main.js': BY_NAME })
      const printed = await project.exec(...command, 'main.js')
      await project.work()
      await project.expectResult(printed, 42)
    },
  }
  const workers = ['process', 'thread', 'inline'].map((horse) => ({
    name: `${name}, worker, ${horse}`,
    what: `rq-cli worker --horse ${horse}`,
    install,
    ...(refusals[horse] !== undefined && { refusal: refusals[horse] }),
    async run(project) {
      await project.write({ ...JOBS, 'main.js': BY_NAME })
      const printed = await project.exec('node', 'main.js')
      await project.workWith(command, '--horse', horse)
      await project.expectResult(printed, 42)
    },
  })) satisfies Setup[]
  return [producer, ...workers]
}

export const RUNTIMES: readonly Setup[] = [
  ...runtime('Deno 2', ['deno@2'], ['deno', 'run', '-A']),
  ...runtime('Bun 1', ['bun@1'], ['bun'], {
    process: /Invalid .*expected 'thread' or 'inline' on Bun.*/,
  }),
]
