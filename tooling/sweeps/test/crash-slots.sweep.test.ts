import { RUNS_ALL } from '@rq/testkit'
import { crashSuite } from '../src/crash-suite.ts'
import { LIMITED_SCENARIOS, type Scenario, scenariosNamed } from '../src/scenario.ts'

/** At the beginning, the first job of each scenario holds the slot of the rate limit; the second one waits for it. */
const DEEDS = (['cancel', 'delete', 'replace'] as const).flatMap((kind) =>
  ['one', 'two'].map((jobId) => ({ kind, jobId })),
)
const CHOSEN = RUNS_ALL ? LIMITED_SCENARIOS : scenariosNamed('rate-limited')

for (const deed of RUNS_ALL ? DEEDS : DEEDS.filter(({ kind, jobId }) => kind === 'replace' && jobId === 'one')) {
  for (const survives of RUNS_ALL ? [true, false] : [false]) {
    // The run of a job that a heartbeat finds deleted is ended by its signal, and its slot is free (ADR 20). A slow
    // job that runs inline and does not look at its signal goes on for a while without its slot.
    const goesOn = survives && deed.kind !== 'cancel' && deed.jobId === 'one'
    const scenarios = CHOSEN.filter(({ leaseMs }: Scenario) => !goesOn || leaseMs === undefined)
    crashSuite(
      `${deed.kind} job ${deed.jobId} at each command of a worker that ${survives ? 'lives on' : 'is killed'}`,
      {
        arrival: 'waiting',
        deed,
        survives,
        onOneQueue: scenarios,
        onThreeQueues: RUNS_ALL ? scenarios : [],
      },
    )
  }
}
