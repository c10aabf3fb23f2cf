/** A step of a job's life, and the least that it could cost: what does only that which it cannot do without. */
export interface FlooredStep {
  readonly what: string
  /** The measurement of the real thing. */
  readonly measurement: string
  readonly floors: readonly FloorName[]
}

export type FloorName =
  | 'ping-socket'
  | 'ping-client'
  | 'empty-script'
  | 'echo-script'
  | 'write-script'
  | 'plain-loop'
  | 'pipes'

export const FLOORS: Readonly<Record<FloorName, string>> = {
  'ping-socket': 'PING through a plain socket, each awaited',
  'ping-client': 'PING through ioredis, each awaited',
  'empty-script': 'a script that does nothing, through a plain socket, each awaited',
  'echo-script': 'a script that sends the arguments of 200 jobs back, plain socket',
  'write-script': 'a script that writes 1000 hashes of 6 fields and pushes the ids, plain socket',
  'plain-loop': 'a plain socket, JSON, and a script that settles and claims 200 jobs with five commands a job',
  pipes: 'two processes that read a line for each job and write two; no Redis',
}

export const STEPS: readonly FlooredStep[] = [
  { what: 'enqueue one by one', measurement: 'enqueue-one', floors: ['ping-socket', 'ping-client', 'empty-script'] },
  { what: 'enqueue lists of 1000', measurement: 'enqueue-bulk', floors: ['echo-script', 'write-script'] },
  { what: 'process 50 at a time', measurement: 'process-50', floors: ['echo-script', 'plain-loop'] },
  { what: '2 child processes', measurement: 'isolated-process-2', floors: ['plain-loop', 'pipes'] },
]
