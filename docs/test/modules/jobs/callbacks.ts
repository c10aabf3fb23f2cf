import type { Job } from 'rq'

export async function thank(_job: Job): Promise<void> {}

export async function refund(_job: Job, _error: unknown): Promise<void> {}
