import { makeProject, type ProjectOptions, type TempDir } from '@rq/testkit'
import { TestStorage } from '@rq/testkit/memory-storage'
import { Worker, type WorkerOptions, type WorkerQueues } from '../src/index.ts'
import { JOBS } from './jobs.ts'

/** A store, a folder with the job functions, and workers on them that are stopped at the end. */
export interface Fixture extends AsyncDisposable {
  readonly store: TestStorage
  readonly project: TempDir
  worker(options?: Partial<WorkerOptions>, queues?: WorkerQueues): Worker
}

export async function fixture(
  files: Readonly<Record<string, string>> = {},
  options: ProjectOptions = {},
): Promise<Fixture> {
  const project = await makeProject({ 'jobs.js': JOBS, ...files }, options)
  const store = new TestStorage()
  const workers: Worker[] = []
  return {
    store,
    project,
    worker(options = {}, queues = 'default') {
      const base = { storage: store, serializer: 'json', importPaths: [project.dir], processTitle: false }
      const worker = new Worker(queues, { ...base, ...options } as WorkerOptions)
      workers.push(worker)
      return worker
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.stop({ force: true })))
      await project[Symbol.asyncDispose]()
    },
  }
}
