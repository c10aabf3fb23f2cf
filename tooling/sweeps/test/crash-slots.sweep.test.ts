import { RUNS_ALL } from '@rq/testkit'
import { crashSuite } from '../src/crash-suite.ts'
import { LIMITED_SCENARIOS, scenariosNamed } from '../src/scenario.ts'

/** At the beginning, the first job of each scenario holds the slot of the rate limit; the second one waits for it. */
const DEEDS = (['cancel', 'delete', 'replace'] as const).flatMap((kind) =>
  ['one', 'two'].map((jobId) => ({ kind, jobId })),
)
const CHOSEN = RUNS_ALL ? LIMITED_SCENARIOS : scenariosNamed('rate-limited')

for (const deed of RUNS_ALL ? DEEDS : DEEDS.filter(({ kind, jobId }) => kind === 'replace' && jobId === 'one')) {
  for (const survives of RUNS_ALL ? [true, false] : [false]) {
    crashSuite(
      `${deed.kind} job ${deed.jobId} at each command of a worker that ${survives ? 'lives on' : 'is killed'}`,
      {
        arrival: 'waiting',
        deed,
        survives,
        onOneQueue: CHOSEN,
        onThreeQueues: RUNS_ALL ? CHOSEN : [],
      },
    )
  }
}
