export type { RqConfig, SentinelConfig } from '@rq/cli'
export { main } from './main.ts'
