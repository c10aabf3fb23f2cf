import { crashSuite } from '../src/crash-suite.ts'
import { SCENARIOS } from '../src/scenario.ts'

crashSuite('A worker is killed at each of its commands; it recovers the jobs of another dead one', SCENARIOS, {
  arrival: 'abandoned',
})
