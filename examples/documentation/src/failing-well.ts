import { Callback, JobFailedError, Queue } from 'rq'
import { isTransient, pay, tellSupport } from './jobs/payment.ts'

const queue = new Queue()
const options = {
  retry: { max: 3, on: isTransient },
  onFailure: new Callback(tellSupport, { when: 'last' }),
}
// The bank is busy twice, then takes the order.
const paid = await queue.enqueue(pay, ['order-1', 2], options)
console.log(await paid.result({ timeout: 30 }))
for (const { error, type } of await paid.results()) console.log(type, error?.message)

// No other attempt would help.
const refused = await queue.enqueue(pay, ['', 0], options)
try {
  await refused.result({ timeout: 30 })
} catch (error) {
  if (!(error instanceof JobFailedError)) throw error
  const { code, details, message, name } = error.remote
  console.log(name, code, message, details)
}
