import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { Limits } from '@rq/job'
import { LineReader } from '../inside-horse/lines.ts'
import type { FromHorse, ToHorse } from '../inside-horse/protocol.ts'
import type { Program } from '../program.ts'
import { deathSignalPrefix } from './death-signal.ts'
import { checkMessage } from './horse-messages.ts'
import { HorsePipe } from './horse-pipe.ts'
import type { HorseExit, HorseListener, HorsePort } from './horse-port.ts'
import { preloadFlags } from './preload-flags.ts'
import { reapWithUs } from './reaper.ts'
import type { ResultRoom } from './result-room.ts'
import type { RoomPipe } from './room-pipe.ts'

/** How long the last messages of an ended process may take to arrive. */
const DRAIN_MS = 250

/**
 * The longest message of a horse, in characters: at least this, and four times the largest payload, which may double
 * its length when it is quoted. What does not end is kept in memory up to here.
 */
const LONGEST_LINE = 64 * 1024 * 1024
const PER_PAYLOAD = 4

export interface ProcessHorseOptions {
  readonly program: Program
  /** Modules that the horse loads first. */
  readonly imports: readonly string[]
  /** Its environment. Undefined: that of the worker. */
  readonly env: NodeJS.ProcessEnv | undefined
  readonly limits: Limits
  readonly room: ResultRoom
}

/**
 * A horse in a child process, which leads a process group. It talks over two pipes (file descriptors 3 and 4), so that
 * jobs can use stdin, stdout and Node's own IPC freely. What it writes arrives even if it is killed right after.
 */
export class ProcessHorse implements HorsePort {
  readonly #child: ChildProcess
  readonly #listener: HorseListener
  readonly #spare: () => void
  readonly #toHorse: HorsePipe | undefined
  readonly #fromHorse: RoomPipe
  #exit: HorseExit | undefined
  #over = false
  #drainTimer: NodeJS.Timeout | undefined

  constructor({ env, imports, limits, program, room }: ProcessHorseOptions, listener: HorseListener) {
    this.#listener = listener
    const watched = deathSignalPrefix()
    const preloads = preloadFlags(imports)
    const [command = '', ...args] = [...watched, process.execPath, ...preloads, program.file, ...program.args]
    if (watched.length === 0) args.push('--watch-parent')
    const stdio = ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'] as const
    this.#child = spawn(command, args, { detached: true, env, stdio: [...stdio] })
    this.#spare = this.#child.pid === undefined ? () => {} : reapWithUs(this.#child.pid)
    this.#child.on('error', (cause) => this.#end({ code: null, signal: null, cause }))
    this.#child.on('exit', (code, signal) => this.#drain({ code, signal }))
    this.#child.on('close', () => this.#finish())
    const [toHorse, fromHorse] = this.#child.stdio.slice(3) as [Writable | undefined, Readable | undefined]
    this.#toHorse = toHorse && new HorsePipe(toHorse)
    // The exit of the horse reports that it is gone. Messages that were on their way to it do not matter then.
    toHorse?.on('error', () => {})
    fromHorse?.on('error', () => {})
    const lines = new LineReader<FromHorse>({
      deliver: (message) => this.#listener.onMessage(message),
      check: checkMessage,
      longest: Math.max(LONGEST_LINE, PER_PAYLOAD * limits.result, PER_PAYLOAD * limits.meta),
    })
    const refuse = (error: unknown) => {
      fromHorse?.destroy()
      this.#listener.onInvalid(error)
    }
    this.#fromHorse = room.open({
      pause: () => fromHorse?.pause(),
      resume: () => fromHorse?.resume(),
      onStalled: refuse,
    })
    fromHorse?.setEncoding('utf8').on('data', (text: string) => {
      try {
        lines.push(text)
      } catch (error) {
        this.#fromHorse.end()
        refuse(error)
        return
      }
      this.#fromHorse.noteRead(lines.begunLength)
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get isBehind(): boolean {
    return this.#fromHorse.isBehind
  }

  send(message: ToHorse): void {
    this.#toHorse?.send(message)
  }

  kill(): void {
    const { pid } = this.#child
    if (pid === undefined || this.#exit !== undefined) return
    killGroup(pid)
    this.#child.kill('SIGKILL')
  }

  #drain(exit: HorseExit): void {
    this.#exit = exit
    // Kill the processes that the horse has left behind.
    if (this.#child.pid !== undefined) killGroup(this.#child.pid)
    this.#spare()
    this.#fromHorse.end()
    // A late timer can fire before pending pipe data; allow one more poll phase.
    this.#drainTimer = setTimeout(() => setImmediate(() => setImmediate(() => this.#finish())), DRAIN_MS)
  }

  #finish(): void {
    if (this.#exit !== undefined) this.#end(this.#exit)
  }

  #end(exit: HorseExit): void {
    if (this.#over) return
    this.#over = true
    this.#exit = exit
    clearTimeout(this.#drainTimer)
    this.#fromHorse.end()
    for (const pipe of this.#child.stdio.slice(3)) pipe?.destroy()
    this.#listener.onExit(exit)
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // No process is left in the group.
  }
}
