import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { SUFFIXES } from './scripts/test-projects.mjs'
import { patience } from './tooling/testkit/src/patience.ts'

const FOLDERS = ['{packages,apps,tooling,examples}/*/{src,test}/**', 'docs/test/**', 'scripts/**']

/** Projects with tests that take minutes. */
const LONG: ReadonlySet<string> = new Set(['sweeps', 'python', 'long'])

function filesNamed(ending: string): string[] {
  return FOLDERS.map((folder) => `${folder}/${ending}`)
}

function projectOnRedis(name: keyof typeof SUFFIXES) {
  return {
    extends: true as const,
    test: {
      name,
      include: filesNamed(`*.${SUFFIXES[name]}.test.ts`),
      globalSetup: ['tooling/testkit/src/global-setup.ts'],
      ...(LONG.has(name) && { testTimeout: patience(900_000) }),
      isolate: false,
    },
  }
}

export default defineConfig({
  resolve: { conditions: ['@rq/source'] },
  ssr: { resolve: { conditions: ['@rq/source'] } },
  test: {
    // Transformed sources are kept in node_modules, by content, for the next run.
    experimental: { fsModuleCache: true },
    // Longer than `eventually` waits, so that a test fails with what `eventually` saw last. No test sets its own.
    testTimeout: patience(180_000),
    hookTimeout: patience(180_000),
    // In CI, tests that start and kill processes share two cores; a test that fails twice has failed.
    retry: process.env.CI === undefined ? 0 : 1,
    setupFiles: ['tooling/testkit/src/random-seed.ts'],
    // Most tests wait for children, leases and timers, so more files than there are cores run at once.
    maxWorkers: availableParallelism() + 2,
    // Expanding a file for a test that is a little slow hides the files.
    slowTestThreshold: 10_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: filesNamed('*.test.ts'),
          exclude: filesNamed(`*.{${Object.values(SUFFIXES)}}.test.ts`),
          // Nothing in these files outlives a test, so they share a thread and load the packages once.
          pool: 'threads',
          isolate: false,
          env: { RQ_REDIS_URL: 'redis://127.0.0.1:1' },
        },
      },
      projectOnRedis('redis'),
      projectOnRedis('processes'),
      projectOnRedis('sweeps'),
      projectOnRedis('python'),
      projectOnRedis('long'),
    ],
  },
})
