import { crashSuite } from '../src/crash-suite.ts'
import { SCENARIOS, TELLING_SCENARIOS } from '../src/scenario.ts'

crashSuite('A worker is killed at each of its commands; it recovers the jobs of another dead one', {
  arrival: 'abandoned',
  onOneQueue: SCENARIOS,
  onThreeQueues: TELLING_SCENARIOS,
})
