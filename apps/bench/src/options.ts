import { parseArgs } from 'node:util'
import { type Measurement, select } from './measurements.ts'
import type { Subject } from './subject.ts'
import { loadSubject, NEAREST, NOT_MEASURED, OURS, PEERS } from './subjects.ts'
import { measurementsOfTargets, peersOfTargets } from './targets.ts'

export const USAGE = `pnpm bench [measurement...] [options]

Without a name: everything but what takes long; "all" is everything; "process" is process-1, process-10 and so on;
"floors" is what each step costs beside the least that it could cost. What takes long runs in the first round only, and
what is not in the first table of the page compares ours with ${NEAREST} only, unless there is --peers.
  --runs N          rounds; the order of the libraries turns around with each (default 3)
  --peers a,b       beside ours: ${PEERS.join(', ')} (default: those that are installed; "none")
  --targets         measure what the targets need, and print only which are met
  --json            print everything as JSON
  --from FILE       measure nothing; read what --json printed
  --svg             write docs/performance.svg
  --markdown        write the tables of docs/performance.md
  --commands        print what Redis did for each job
  --profile FOLDER  write CPU profiles of the measured processes there
  --list            print the names of the measurements
`

export interface BenchOptions {
  readonly measurements: readonly Measurement[]
  /** The libraries to measure, ours first. */
  readonly subjects: readonly Subject[]
  /** Which libraries are left out, and why, a line each. */
  readonly notes: readonly string[]
  /** Whether the libraries beside ours were given by name. */
  readonly namesPeers: boolean
  readonly runs: number
  readonly floors: boolean
  readonly targets: boolean
  readonly json: boolean
  readonly from: string | undefined
  readonly svg: boolean
  readonly markdown: boolean
  readonly commands: boolean
  readonly profile: string | undefined
  readonly list: boolean
}

/** @throws Error with a message for the user. */
export async function readOptions(argv: readonly string[]): Promise<BenchOptions> {
  const flag = { type: 'boolean', default: false } as const
  const { positionals, values } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '3' },
      peers: { type: 'string' },
      targets: flag,
      json: flag,
      from: { type: 'string' },
      svg: flag,
      markdown: flag,
      commands: flag,
      profile: { type: 'string' },
      list: flag,
    },
  })
  const runs = Number(values.runs)
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs takes a whole number of at least 1, not ${values.runs}.`)
  const { commands, from, json, list, markdown, peers, profile, svg, targets } = values
  const floors = positionals.includes('floors')
  if (floors && positionals.length > 1)
    throw new Error('"floors" stands alone: measure anything else in a run of its own.')
  const names = targets && positionals.length === 0 ? measurementsOfTargets() : positionals
  return {
    measurements: floors ? [] : select(names),
    ...(await subjectsOf(peers, targets ? peersOfTargets() : PEERS)),
    namesPeers: peers !== undefined,
    runs,
    floors,
    targets,
    json,
    from,
    svg,
    markdown,
    commands,
    profile,
    list,
  }
}

async function subjectsOf(
  peers: string | undefined,
  all: readonly string[],
): Promise<Pick<BenchOptions, 'notes' | 'subjects'>> {
  const chosen = peers === undefined ? all : peers.split(',').filter((name) => name !== 'none' && name !== OURS)
  const wanted = await Promise.all([OURS, ...chosen].map(loadSubject))
  const subjects = wanted.filter((subject) => subject.version() !== undefined)
  const missing = wanted
    .filter((subject) => !subjects.includes(subject))
    .map(({ name, needs }) => `${name}: left out, it needs ${needs ?? 'pnpm install'}`)
  if (peers === undefined) {
    const never = Object.entries(NOT_MEASURED).map(([name, why]) => `${name}: left out, ${why}`)
    return { subjects, notes: [...missing, ...never] }
  }
  if (missing.length > 0) throw new Error(missing.join('\n'))
  return { subjects, notes: [] }
}
