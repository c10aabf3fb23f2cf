import { Redis } from 'ioredis'
import { capacityUs, machineCpuUs, treeCpu } from './cpu.ts'
import type { CommandUse, Figures, ServerAddress } from './step.ts'

interface Reading {
  readonly atMs: number
  readonly serverUs: number | undefined
  readonly mainUs: number | undefined
  readonly childUs: number | undefined
  readonly machineUs: number | undefined
  readonly commands: CommandUse
}

/** What a stretch of work has cost. */
export interface Cost {
  readonly seconds: number
  /**
   * CPU time per job in microseconds: of the server (`redisUs` or `postgresUs`), of the worker's or producer's main
   * process, of all processes below it, and of these together (`cpuUs`). Those that cannot be read are absent.
   */
  readonly figures: Figures
  /** The share of the machine's CPU that other processes have used, from 0 to 1; undefined where it is not known. */
  readonly others: number | undefined
  /** Per job. Only of Redis. */
  readonly commands: CommandUse
}

/** Measures the CPU time of the server, of a process and of its children, from `start` to `stop`. */
export class Meter {
  readonly #server: ServerAddress
  readonly #pid: () => number
  readonly #redis: Redis | undefined
  #first: Reading | undefined

  /** `pid` is asked at both ends of the stretch. Default: this process. */
  constructor(server: ServerAddress, pid: () => number = () => process.pid) {
    this.#server = server
    this.#pid = pid
    this.#redis = server.kind === 'redis' ? new Redis(server.direct) : undefined
  }

  async start(): Promise<void> {
    // The first command waits for the connection.
    await this.#redis?.ping()
    this.#first = await this.#read()
  }

  async stop(jobs: number): Promise<Cost> {
    const first = this.#first
    if (first === undefined) throw new Error('The meter was not started.')
    const last = await this.#read()
    this.#redis?.disconnect()
    const [serverUs, mainUs, childUs, machineUs] = (['serverUs', 'mainUs', 'childUs', 'machineUs'] as const).map(
      (name) => difference(first[name], last[name]),
    )
    const ofUs = (serverUs ?? 0) + (mainUs ?? 0) + (childUs ?? 0)
    const perJob = { [`${this.#server.kind}Us`]: serverUs, mainUs, childUs, cpuUs: ofUs }
    const ms = last.atMs - first.atMs
    return {
      seconds: ms / 1000,
      figures: Object.fromEntries(
        Object.entries(perJob).flatMap(([name, us]) => (us === undefined ? [] : [[name, us / jobs]])),
      ),
      others: machineUs === undefined ? undefined : Math.max(0, machineUs - ofUs) / capacityUs(ms),
      commands: commandsPerJob(first.commands, last.commands, jobs),
    }
  }

  async #read(): Promise<Reading> {
    const [cpu, stats] = await Promise.all([this.#redis?.info('cpu'), this.#redis?.info('commandstats')])
    const pid = this.#pid()
    const tree = treeCpu(pid)
    return {
      serverUs: cpu === undefined ? allOf(this.#server.pid) : redisUs(cpu),
      mainUs: pid === process.pid ? ownUs() : tree?.ownUs,
      childUs: tree?.belowUs,
      machineUs: machineCpuUs(),
      commands: readCommands(stats ?? ''),
      atMs: performance.now(),
    }
  }
}

function difference(first: number | undefined, last: number | undefined): number | undefined {
  return first === undefined || last === undefined ? undefined : last - first
}

/** To the microsecond, where /proc counts hundredths of a second. */
function ownUs(): number {
  const { system, user } = process.cpuUsage()
  return user + system
}

function allOf(pid: number): number | undefined {
  const tree = treeCpu(pid)
  return tree === undefined ? undefined : tree.ownUs + tree.belowUs
}

function redisUs(info: string): number {
  const number = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0)
  return (number('used_cpu_user') + number('used_cpu_sys')) * 1e6
}

function readCommands(info: string): CommandUse {
  const lines = info.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)
  return Object.fromEntries([...lines].map(([, name, calls, us]) => [name, { calls: Number(calls), us: Number(us) }]))
}

function commandsPerJob(before: CommandUse, after: CommandUse, jobs: number): CommandUse {
  const uses = Object.entries(after).map(([name, { calls, us }]) => {
    const old = before[name] ?? { calls: 0, us: 0 }
    return [name, { calls: (calls - old.calls) / jobs, us: (us - old.us) / jobs }] as const
  })
  return Object.fromEntries(uses.filter(([, { calls }]) => calls > 0.001).sort(([, a], [, b]) => b.us - a.us))
}
