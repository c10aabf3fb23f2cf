import { fileURLToPath } from 'node:url'
import { type OwnRedis, startRedis } from '@rq/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { rowsOf } from '../table-code.ts'
import { type Scenarios, World } from './world.ts'

/**
 * Runs the code of each row of a page's tables, as it stands there, with the scenario of that name, which looks at what
 * it has done. Fails for a row without a scenario, a scenario without a row, and code that no scenario runs.
 */
export function testTables(page: string, scenarios: Scenarios): void {
  const rows = rowsOf(fileURLToPath(new URL(`../../guide/${page}`, import.meta.url)))

  describe(page, () => {
    let redis: OwnRedis
    beforeAll(async () => {
      redis = await startRedis()
      vi.stubEnv('RQ_REDIS_URL', redis.url)
    })
    afterAll(async () => {
      vi.unstubAllEnvs()
      await redis[Symbol.asyncDispose]()
    })

    it('has one scenario for each row', () => {
      expect(Object.keys(scenarios).sort()).toEqual(rows.map(({ name }) => name).sort())
    })

    it.each(rows.map((row) => [row.name, row] as const))('%s', async (name, row) => {
      const scenario = scenarios[name]
      if (scenario === undefined) throw new Error(`Line ${row.line} of ${page} has no scenario.`)
      await using world = await World.open(redis, row)
      await scenario(world)
      expect(world.left, `in line ${row.line} of ${page}, which the scenario did not run`).toEqual([])
    })
  })
}
