import { setTimeout as delay } from 'node:timers/promises'
import { type FaultProxy, faultProxy, type SpawnedProcess } from '@rq/testkit'
import type { Troubles } from './troubles.ts'

/** One process of the crew, and the processes that replace it. */
export interface Hand {
  readonly role: 'worker' | 'producer'
  readonly proxy: FaultProxy
  process: SpawnedProcess
  /** Whether a fault affects it now. */
  isBusy: boolean
  /** Whether it was asked to end, or was killed. Otherwise its end is an error. */
  isEnding: boolean
}

export interface CrewOptions {
  readonly url: string
  readonly troubles: Troubles
  /** Start the `serial`-th process, which reaches Redis at `url`. */
  readonly spawn: (role: Hand['role'], url: string, serial: number) => SpawnedProcess
}

const START_MS = 30_000
const LEAVE_MS = 60_000
const RESTART_MS = 300

/** Processes, each behind a proxy of its own. One that ends is replaced; one that ends by itself is reported. */
export class Crew {
  readonly hands: Hand[] = []
  /** The output of the processes, in the order of their starts. */
  readonly processes: { role: Hand['role']; process: SpawnedProcess }[] = []
  readonly complaints: string[] = []
  readonly #options: CrewOptions
  readonly #proxies: FaultProxy[] = []
  #isClosing = false
  #serial = 0

  constructor(options: CrewOptions) {
    this.#options = options
  }

  async add(role: Hand['role']): Promise<void> {
    const proxy = await faultProxy(this.#options.url)
    this.#proxies.push(proxy)
    const hand: Hand = { role, proxy, process: this.#spawn(role, proxy), isBusy: false, isEnding: false }
    this.hands.push(hand)
    this.#watch(hand)
    await hand.process.output(/works/, START_MS)
  }

  /** Send SIGKILL. The work horses of a worker must end by themselves. */
  kill(hand: Hand): void {
    if (hand.role === 'worker') this.#options.troubles.note('death', hand.process.pid)
    hand.isEnding = true
    hand.process.kill('SIGKILL')
  }

  /** Send SIGTERM, then start a new one. */
  async term(hand: Hand): Promise<void> {
    const { process } = hand
    // Before that it may not handle signals yet; and another fault may end it meanwhile.
    await process.output(/works/, START_MS).catch(() => {})
    if (!process.stdout.includes('works') || hand.process !== process || hand.isEnding) return
    hand.isEnding = true
    this.#options.troubles.note('leave', process.pid)
    process.kill('SIGTERM')
    const left = await Promise.race([process.exited, delay(LEAVE_MS, undefined, { ref: false })])
    if (left === undefined) {
      this.complaints.push(`${hand.role} ${process.pid} did not leave within ${LEAVE_MS} ms of SIGTERM`)
      this.kill(hand)
    } else if (left.code !== 0) this.complaints.push(`${hand.role} ${process.pid} left: ${endingOf(process, left)}`)
  }

  /** Ask all processes of a role to leave, without replacing them. */
  async close(role: Hand['role']): Promise<void> {
    const leaving = this.hands.filter((hand) => hand.role === role)
    this.#isClosing ||= role === 'worker'
    for (const hand of leaving) this.hands.splice(this.hands.indexOf(hand), 1)
    await Promise.all(leaving.map((hand) => this.term(hand)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true
    this.hands.splice(0)
    for (const { process } of this.processes) await process[Symbol.asyncDispose]()
    for (const proxy of this.#proxies) await proxy[Symbol.asyncDispose]()
  }

  #spawn(role: Hand['role'], proxy: FaultProxy): SpawnedProcess {
    this.#serial += 1
    const process = this.#options.spawn(role, proxy.url, this.#serial)
    this.processes.push({ role, process })
    return process
  }

  #watch(hand: Hand): void {
    const { process, role } = hand
    void process.exited.then(async (ending) => {
      if (!hand.isEnding) {
        this.complaints.push(`${role} ${process.pid} ended by itself: ${endingOf(process, ending)}`)
      }
      await delay(RESTART_MS)
      if (this.#isClosing || !this.hands.includes(hand)) return
      hand.isEnding = false
      hand.process = this.#spawn(role, hand.proxy)
      this.#watch(hand)
    })
  }
}

function endingOf({ stderr }: SpawnedProcess, { code, signal }: Awaited<SpawnedProcess['exited']>): string {
  return `${signal ?? `exit code ${code}`}, after saying: ${stderr.slice(-2000)}`
}
