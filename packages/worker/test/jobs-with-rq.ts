/** Job functions that look at their own job; they import @rq/queue. */
export const RQ_JOBS = `
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { getCurrentJob } from '@rq/queue'

export const who = () => getCurrentJob().id
export const note = async (key, value) => {
  const job = getCurrentJob()
  job.meta[key] = value
  await job.saveMeta()
  return await job.getStatus()
}
export const untilAborted = (file) => new Promise((_, reject) => {
  const { signal } = getCurrentJob()
  signal.addEventListener('abort', () => reject(signal.reason))
  appendFileSync(file + '.waits', '')
})
export const tellAbort = (file) => new Promise((resolve) => {
  getCurrentJob().signal.addEventListener('abort', () => {
    appendFileSync(file, getCurrentJob().signal.reason.code + '\\n')
    resolve()
  })
})
export const onSuccess = (job, connection, result) => appendFileSync(job.args[0], 'success ' + result + ' ' + connection + '\\n')
export const onFailure = (job, connection, type, value, text) =>
  appendFileSync(job.args[0], ['failure', type, value.message, text.split('\\n').at(-1)].join('|') + '\\n')
export const onStopped = (job) => appendFileSync(job.args[0], 'stopped ' + job.id + '\\n')
export const badCallback = () => { throw new Error('the callback broke') }
export const slowCallback = () => { for (;;); }
export const large = (file, length) => 'x'.repeat(length)
export const ok = (file) => 'ok'
export const broken = (file) => { throw new TypeError('broken') }
export const spinning = (file) => { for (;;); }
export const dying = (file) => process.exit(7)
export const handler = (job, error) => { appendFileSync(job.args[0], 'handled ' + error.message + '\\n') }
export const lastHandler = (job, error) => { appendFileSync(job.args[0], 'last ' + error.message + '\\n'); return false }
export const makeStorage = (options) => ({ client: () => 'client of ' + options.who })
`
