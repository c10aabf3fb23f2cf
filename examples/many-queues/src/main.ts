import { Queue } from 'rq'
import { deleteEvents, saveEvent } from './jobs/events.js'
import { report } from './jobs/reports.js'

const [project = 'acme', count = '100'] = process.argv.slice(2)
const numbers = Array.from({ length: Number(count) }, (_, number) => number)

await using ingest = new Queue('ingest', { defaults: { retry: { max: 3, interval: [1, 10, 60] } } })
await using reports = new Queue('reports')
await using deletions = new Queue('deletions')

const events = await ingest.enqueueMany(numbers.map((number) => Queue.prepareData(saveEvent, [project, number])))
const others = [
  await reports.enqueue(report, [project]),
  await deletions.enqueue(deleteEvents, [project, 365]),
  await deletions.enqueue(deleteEvents, [project, 30]),
]
for (const { id, origin } of [...events, ...others]) console.log(`${origin} ${id}`)
