import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json, text } from 'node:stream/consumers'
import { Job, Queue, RqError } from 'rq'
import { type Progress, runQuery } from './jobs/queries.js'

const queue = new Queue('queries')

const server = createServer(async (request, response) => {
  try {
    await answer(request, response)
  } catch (error) {
    const isWrong = error instanceof RqError && error.code.startsWith('RQ_NO_SUCH')
    if (!response.headersSent) response.writeHead(isWrong ? 404 : 500)
    response.end(isWrong ? error.message : 'Something went wrong.')
  }
})

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, id] = /^\/queries(?:\/([\w-]+))?$/.exec(request.url ?? '') ?? []
  if (request.method === 'POST') {
    const { rows } = (await json(request)) as { rows: number }
    await stream(await queue.enqueue(runQuery, [rows]), response)
  } else if (request.method === 'DELETE' && id !== undefined) {
    await cancel(await Job.fetch(id), await text(request))
    response.writeHead(202).end()
  } else response.writeHead(404).end()
}

/** A line for each message of the job. Cancels the job when the user leaves. */
async function stream(job: Job<number>, response: ServerResponse): Promise<void> {
  const left = new AbortController()
  response.on('close', () => left.abort())
  const write = (line: object) => response.write(`${JSON.stringify(line)}\n`)
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  write({ id: job.id })
  try {
    for await (const { value } of job.messages<Progress>({ signal: left.signal })) write(value)
    write({ status: await job.getStatus() })
  } catch (error) {
    if (!left.signal.aborted) throw error
    await cancel(job, 'the user has left')
  }
  response.end()
}

/** Before it runs, while it runs, or not at all when it has ended. */
async function cancel(job: Job, reason: string): Promise<void> {
  try {
    if ((await job.getStatus()) === 'started') await job.stop({ reason })
    else await job.cancel()
  } catch (error) {
    if (!(error instanceof RqError && error.code === 'RQ_INVALID_OPERATION')) throw error
  }
}

server.listen(Number(process.env.PORT ?? 3000), () => console.log(JSON.stringify(server.address())))
