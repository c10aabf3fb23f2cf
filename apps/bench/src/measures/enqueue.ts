import { Meter } from '../meter.ts'
import type { Measured, ServerAddress, Step } from '../step.ts'
import type { JobPayload, Session, Subject } from '../subject.ts'

const WAVE = 1000
const WARM_UP_SHARE = 0.1

/** Enqueue jobs in the fastest way, untimed. */
export async function fill(
  subject: Subject,
  url: string,
  { jobs, payload }: Extract<Step, { do: 'fill' }>,
): Promise<void> {
  if (subject.foreign !== undefined) return subject.foreign.fill(url, jobs, payload)
  const session = await subject.open({ url })
  for (let done = 0; done < jobs; done += WAVE) await wave(session, Math.min(WAVE, jobs - done), payload)
  await session.close()
}

async function wave(session: Session, size: number, payload: JobPayload): Promise<void> {
  const payloads = Array.from({ length: size }, () => payload)
  if (session.enqueueMany !== undefined) await session.enqueueMany(payloads)
  else await Promise.all(payloads.map((one) => session.enqueueConcurrently?.(one) ?? session.enqueue(one)))
}

/** Jobs enqueued per second: each awaited before the next, 1000 calls at once, or lists of 1000. */
export async function enqueue(
  subject: Subject,
  server: ServerAddress,
  { how, jobs }: Extract<Step, { do: 'enqueue' }>,
): Promise<Measured> {
  const { url } = server
  if (subject.foreign !== undefined) {
    if (how === 'concurrent') return { figures: undefined }
    return { figures: { rate: jobs / (await subject.foreign.enqueue(url, how, jobs)) } }
  }
  const session = await subject.open({ url })
  if (how === 'bulk' && session.enqueueMany === undefined) return { figures: undefined }
  const put = putter(session, how)
  const meter = new Meter(server)
  await put(Math.max(100, Math.round(jobs * WARM_UP_SHARE)))
  await meter.start()
  await put(jobs)
  const { commands, figures, others, seconds } = await meter.stop(jobs)
  await session.close()
  return { figures: { rate: jobs / seconds, ...figures }, others, commands }
}

function putter(session: Session, how: 'one' | 'concurrent' | 'bulk'): (jobs: number) => Promise<void> {
  const concurrently = (payload: number) => session.enqueueConcurrently?.(payload) ?? session.enqueue(payload)
  return async (jobs) => {
    if (how === 'one') {
      for (let n = 0; n < jobs; n++) await session.enqueue(1)
      return
    }
    for (let done = 0; done < jobs; done += WAVE) {
      const size = Math.min(WAVE, jobs - done)
      const payloads = Array.from({ length: size }, () => 1)
      if (how === 'bulk') await session.enqueueMany?.(payloads)
      else await Promise.all(payloads.map(concurrently))
    }
  }
}
