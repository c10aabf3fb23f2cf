import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { Job, Queue, RqError } from 'rq'
import { render } from './jobs/render.js'

const app = new Hono()
const queue = new Queue('pdf')

app.post('/invoices/:id/pdf', async (context) => {
  const job = await queue.enqueue(render, [context.req.param('id')])
  return context.json({ job: job.id }, 202)
})

app.get('/jobs/:id', async (context) => {
  const job = await Job.fetch(context.req.param('id'))
  return context.json({ status: await job.getStatus(), result: (await job.returnValue()) ?? null })
})

app.onError((error, context) => {
  if (!(error instanceof RqError) || error.code !== 'RQ_NO_SUCH_JOB') throw error
  return context.json({ error: 'There is no such job. Results are kept for 500 seconds.' }, 404)
})

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`listening on ${port}`)
})

process.once('SIGTERM', () => {
  server.close(() => void queue.close())
})
