// What the fragments of the pages in this folder's parent take for granted, and the tables of the guide. The blocks of
// the guide are complete.
declare const Queue: typeof import('rq').Queue
declare const Worker: typeof import('rq').Worker
declare const Webhook: typeof import('rq').Webhook
declare const CronScheduler: typeof import('rq').CronScheduler
declare const Job: typeof import('rq').Job
declare const Group: typeof import('rq').Group
declare const NoRetryError: typeof import('rq').NoRetryError
declare const Retry: typeof import('rq').Retry
declare const Repeat: typeof import('rq').Repeat
declare const Dependency: typeof import('rq').Dependency
declare const Callback: typeof import('rq').Callback
declare const RateLimit: typeof import('rq').RateLimit
declare const Schedule: typeof import('rq').Schedule
declare const SimpleWorker: typeof import('rq').SimpleWorker
declare const RqError: typeof import('rq').RqError
declare const aesCodec: typeof import('rq').aesCodec
declare const cron: typeof import('rq').cron
declare const getCurrentJob: typeof import('rq').getCurrentJob
declare const sendStopJobCommand: typeof import('rq').sendStopJobCommand
declare const suspend: typeof import('rq').suspend
declare const resume: typeof import('rq').resume
declare const queue: import('rq').Queue
declare const q: import('rq').Queue
declare const worker: import('rq').Worker
declare const scheduler: import('rq').CronScheduler
declare const connection: import('rq').Connection
declare const logger: import('rq').Logger
declare const when: import('rq').When
declare const key: string
declare const secret: string
declare const urlOfProducers: string
declare const rawBody: string
declare const request: { headers: Record<string, string> }
declare function send(to: string): Promise<void>
declare function sendReport(month: number): Promise<void>
declare function report(): Promise<void>
declare const exec: typeof import('node:child_process').exec
declare const promisify: typeof import('node:util').promisify
declare function throttle<F>(fn: F): F
declare function deliver(): Promise<void>
declare function checked(name: string): string
declare function f(x: number, y: number): Promise<number>
declare function hardJob(id: number): Promise<void>
declare const date: Date
declare const a: import('rq').Job
declare const b: import('rq').Job
// In tables, a job, and the function that binds a function to a queue.
declare const job: import('rq').Job<number> & typeof import('rq').job
declare function notify(...facts: unknown[]): void
declare function g(x: number): Promise<number>
declare const jobs: import('rq').DefinedJobs<{
  sendMail: { input: unknown; queue: 'mail'; options: unknown; run: (input: { to: string }) => string }
  tidy: { input: unknown; queue: unknown; options: unknown; run: () => number }
}>
declare const input: { to: string }
declare const tenant: string
declare function isCalm(): boolean
declare const id: string
