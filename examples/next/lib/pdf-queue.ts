import { type Job, Queue, ref } from 'rq'
import type { render } from '@/jobs/render'

const queue = new Queue('pdf')

/** By reference: in the bundle that Next.js makes, a function does not belong to a module any more. */
export async function enqueueRender(invoice: string): Promise<Job<Awaited<ReturnType<typeof render>>>> {
  return queue.enqueue(ref<typeof render>('./jobs/render#render'), [invoice])
}
