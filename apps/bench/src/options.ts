import { parseArgs } from 'node:util'
import { type Measurement, select } from './measurements.ts'
import type { Subject } from './subject.ts'
import { loadSubject, OURS, PEERS } from './subjects.ts'

export const USAGE = `pnpm bench [measurement...] [options]

Without a name: everything but what takes long; "all" is everything; "process" is process-1, process-10 and so on.
  --runs N          rounds; the order of the libraries turns around with each (default 3)
  --peers a,b       beside ours: bullmq, bee-queue, groupmq, python-rq (default: those that are installed; "none")
  --json            print figures as JSON
  --svg             write docs/performance.svg
  --commands        print what Redis did for each job
  --profile FOLDER  write CPU profiles of the measured processes there
  --list            print the names of the measurements
`

export interface BenchOptions {
  readonly measurements: readonly Measurement[]
  /** The libraries to measure, ours first. */
  readonly subjects: readonly Subject[]
  readonly runs: number
  readonly json: boolean
  readonly svg: boolean
  readonly commands: boolean
  readonly profile: string | undefined
  readonly list: boolean
}

/** @throws Error with a message for the user. */
export async function readOptions(argv: readonly string[]): Promise<BenchOptions> {
  const { positionals, values } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '3' },
      peers: { type: 'string' },
      json: { type: 'boolean', default: false },
      svg: { type: 'boolean', default: false },
      commands: { type: 'boolean', default: false },
      profile: { type: 'string' },
      list: { type: 'boolean', default: false },
    },
  })
  const runs = Number(values.runs)
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs takes a whole number of at least 1, not ${values.runs}.`)
  const { commands, json, list, profile, svg } = values
  return {
    measurements: select(positionals),
    subjects: await subjectsOf(values.peers),
    runs,
    json,
    svg,
    commands,
    profile,
    list,
  }
}

async function subjectsOf(peers: string | undefined): Promise<readonly Subject[]> {
  const chosen = peers === undefined ? PEERS : peers.split(',').filter((name) => name !== 'none' && name !== OURS)
  const subjects = await Promise.all([OURS, ...chosen].map(loadSubject))
  const installed = subjects.filter((subject) => subject.version() !== undefined)
  if (peers !== undefined && installed.length < subjects.length) {
    throw new Error(
      `Not installed: ${subjects.filter((subject) => !installed.includes(subject)).map(({ name }) => name)}.`,
    )
  }
  return installed
}
