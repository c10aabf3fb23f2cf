import { crashSuite } from '../src/crash-suite.ts'
import { LIMITED_QUEUE } from '../src/scenario.ts'

const onOneQueue = [LIMITED_QUEUE]

for (const arrival of ['waiting', 'pushed', 'abandoned'] as const) {
  crashSuite(`A worker of a queue with limits is killed at each of its commands: jobs ${arrival}`, {
    arrival,
    onOneQueue,
    onThreeQueues: [],
  })
}

crashSuite('A worker of a queue with limits, and with too many ended jobs, is killed in its maintenance, too', {
  arrival: 'pushed',
  inMaintenance: true,
  onOneQueue,
  onThreeQueues: [],
})
