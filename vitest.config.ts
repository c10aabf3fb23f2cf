import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@rq/source'] },
  ssr: { resolve: { conditions: ['@rq/source'] } },
  test: {
    include: ['{packages,apps,tooling,examples}/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts'],
    globalSetup: ['tooling/testkit/src/global-setup.ts'],
    // Longer than `eventually` waits, so that it is that which says what did not come.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Tests mostly wait: for children, leases, timers. One worker, vitest's choice on two cores, takes two and a half times as long.
    maxWorkers: 3,
    // Tests that start and kill processes share two cores in CI; what fails twice has failed.
    retry: process.env.CI === undefined ? 0 : 1,
  },
})
