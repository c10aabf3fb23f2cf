import type { Queue } from 'rq'

export async function signUp(_queue: Queue, _address: string): Promise<void> {}
