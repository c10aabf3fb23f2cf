import { crashSuite } from '../src/crash-suite.ts'
import { SCENARIOS, TELLING_SCENARIOS } from '../src/scenario.ts'

crashSuite('A worker is killed at each of its commands; it waited for the jobs', {
  arrival: 'pushed',
  onOneQueue: SCENARIOS,
  onThreeQueues: TELLING_SCENARIOS,
})
