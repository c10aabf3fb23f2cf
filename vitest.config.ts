import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@rq/source'] },
  ssr: { resolve: { conditions: ['@rq/source'] } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'apps/*/src/**/*.test.ts',
      'tooling/*/src/**/*.test.ts',
      'tooling/*/test/**/*.test.ts',
    ],
    testTimeout: 20_000,
  },
})
