// What the fragments of the pages in this folder's parent take for granted. The pages of the guide are complete.
declare const Queue: typeof import('rq').Queue
declare const Worker: typeof import('rq').Worker
declare const Webhook: typeof import('rq').Webhook
declare const CronScheduler: typeof import('rq').CronScheduler
declare const queue: import('rq').Queue
declare const q: import('rq').Queue
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
