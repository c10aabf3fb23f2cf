import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@rq/source'] },
  ssr: { resolve: { conditions: ['@rq/source'] } },
  test: {
    include: ['{packages,apps,tooling,examples}/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts'],
    globalSetup: ['tooling/testkit/src/global-setup.ts'],
    testTimeout: 20_000,
  },
})
