import { crashSuite } from '../src/crash-suite.ts'
import { scenariosNamed } from '../src/scenario.ts'

const ALL_OF_IT = scenariosNamed('all of it')

crashSuite('A worker with horses in processes of their own is killed at each of its commands', {
  arrival: 'waiting',
  horse: 'process',
  onOneQueue: ALL_OF_IT,
  onThreeQueues: ALL_OF_IT,
})
