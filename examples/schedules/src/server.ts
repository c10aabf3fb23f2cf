import { createServer, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { RqError, type Schedule } from 'rq'
import { exportSchedule, scheduleExport, syncOwnSchedules } from './schedules.js'

const server = createServer(async (request, response) => {
  try {
    const [status, body] = await answer(request)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  } catch (error) {
    const isWrong = error instanceof RqError && error.code === 'RQ_INVALID_OPTION'
    response.writeHead(isWrong ? 400 : 500).end(isWrong ? error.message : 'Something went wrong.')
  }
})

async function answer(request: IncomingMessage): Promise<[status: number, body: unknown]> {
  const [, tenant = '', act] = /^\/tenants\/(\w+)\/export(?:\/(run))?$/.exec(request.url ?? '') ?? []
  if (tenant === '') return [404, {}]
  if (request.method === 'PUT') {
    const { cron, every, timezone } = (await json(request)) as Record<string, string>
    const times = { ...(cron && { cron }), ...(every && { every }), ...(timezone && { timezone }) }
    return [200, await facts(await scheduleExport(tenant, times))]
  }
  const schedule = await exportSchedule(tenant)
  if (schedule === undefined) return [404, {}]
  if (request.method === 'DELETE') return [200, { removed: await schedule.remove() }]
  if (act === 'run') return [202, { job: (await schedule.runNow()).id }]
  return [200, await facts(schedule)]
}

async function facts(schedule: Schedule): Promise<object> {
  return { nextAt: schedule.nextAt, jobs: await schedule.history({ end: 9 }) }
}

await syncOwnSchedules()
server.listen(Number(process.env.PORT ?? 3000), () => console.log(JSON.stringify(server.address())))
