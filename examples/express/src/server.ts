import express from 'express'
import { Job, Queue, RqError } from 'rq'
import { render } from './jobs/render.js'

const app = express()
const queue = new Queue('pdf')

app.post('/invoices/:id/pdf', async (request, response) => {
  const job = await queue.enqueue(render, [request.params.id])
  response.status(202).json({ job: job.id })
})

app.get('/jobs/:id', async (request, response) => {
  try {
    const job = await Job.fetch(request.params.id)
    response.json({ status: await job.getStatus(), result: (await job.returnValue()) ?? null })
  } catch (error) {
    if (!(error instanceof RqError) || error.code !== 'RQ_NO_SUCH_JOB') throw error
    response.status(404).json({ error: 'There is no such job. Results are kept for 500 seconds.' })
  }
})

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  const address = server.address()
  console.log(`listening on ${typeof address === 'object' ? address?.port : address}`)
})

process.once('SIGTERM', () => {
  server.close(() => void queue.close())
})
