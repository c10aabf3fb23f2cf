export type { OnCall, PortCall } from '../watched-port.ts'
export { MemoryPipeline } from './memory-pipeline.ts'
export { MemoryStorage, type MemoryStorageOptions } from './memory-storage.ts'
export { type JobFacts, type LatestResult, TestStorage } from './test-storage.ts'
