import { crashSuite } from '../src/crash-suite.ts'
import { SCENARIOS } from '../src/scenario.ts'

const ALL_OF_IT = SCENARIOS.filter(({ name }) => name === 'all of it')

crashSuite('A worker with horses in processes of their own is killed at each of its commands', ALL_OF_IT, {
  arrival: 'waiting',
  horse: 'process',
})
