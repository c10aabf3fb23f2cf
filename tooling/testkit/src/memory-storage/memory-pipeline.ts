import { RqError } from '@rq/core'

/** The pipeline of a memory storage: steps that are made together, when `exec` is called. */
export class MemoryPipeline {
  #steps: (() => void)[] = []

  append(step: () => void): void {
    this.#steps.push(step)
  }

  exec(): void {
    const steps = this.#steps
    this.#steps = []
    for (const step of steps) step()
  }
}

/** @throws RqError `RQ_INVALID_OPTION` for the pipeline of another storage. */
export function pipelineOf(value: unknown): MemoryPipeline {
  if (value instanceof MemoryPipeline) return value
  throw new RqError('RQ_INVALID_OPTION', 'Invalid pipeline: expected a MemoryPipeline.', {
    details: { option: 'pipeline' },
  })
}
