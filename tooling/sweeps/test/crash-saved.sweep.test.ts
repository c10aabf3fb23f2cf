import { RUNS_ALL } from '@rq/testkit'
import { crashSuite } from '../src/crash-suite.ts'
import { SCENARIOS, scenariosNamed, WIDER_SCENARIOS } from '../src/scenario.ts'

/** A copy has the number of repeats that were left, too: a job would be repeated more often, as with RQ's worker. */
const UNREPEATED = [...SCENARIOS, ...WIDER_SCENARIOS].filter(({ name }) => name !== 'repeat')
const CHOSEN = RUNS_ALL ? UNREPEATED : scenariosNamed('all of it')

for (const copies of RUNS_ALL ? (['enqueued', 'latest'] as const) : (['latest'] as const)) {
  crashSuite(`A Python program saves the jobs as they were (${copies}), and the worker is killed: at each command`, {
    arrival: 'waiting',
    deed: { kind: 'save', copies },
    onOneQueue: RUNS_ALL ? CHOSEN : [],
    onThreeQueues: CHOSEN,
  })
}
