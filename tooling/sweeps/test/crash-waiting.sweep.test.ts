import { crashSuite } from '../src/crash-suite.ts'
import { SCENARIOS } from '../src/scenario.ts'

crashSuite('A worker is killed at each of its commands; the jobs were there before it', {
  arrival: 'waiting',
  onOneQueue: SCENARIOS,
  onThreeQueues: SCENARIOS,
})
