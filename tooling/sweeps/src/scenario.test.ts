import { expect, test } from 'vitest'
import { SCENARIOS } from './scenario.ts'

test('jobs of all scenarios can be enqueued together: no two have the same id', () => {
  const ids = SCENARIOS.flatMap(({ jobs }) => jobs.map(({ id }) => id))
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
})
