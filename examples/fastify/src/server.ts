import Fastify from 'fastify'
import { Job, Queue, RqError } from 'rq'
import { render } from './jobs/render.js'

const app = Fastify()
const queue = new Queue('pdf')
app.addHook('onClose', () => queue.close())

app.post<{ Params: { id: string } }>('/invoices/:id/pdf', async (request, reply) => {
  const job = await queue.enqueue(render, [request.params.id])
  return reply.code(202).send({ job: job.id })
})

app.get<{ Params: { id: string } }>('/jobs/:id', async (request, reply) => {
  try {
    const job = await Job.fetch(request.params.id)
    return { status: await job.getStatus(), result: (await job.returnValue()) ?? null }
  } catch (error) {
    if (!(error instanceof RqError) || error.code !== 'RQ_NO_SUCH_JOB') throw error
    return reply.code(404).send({ error: 'There is no such job. Results are kept for 500 seconds.' })
  }
})

const address = await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`listening on ${new URL(address).port}`)

process.once('SIGTERM', () => void app.close())
