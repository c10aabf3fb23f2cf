import { Job, RqError } from 'rq'

export async function GET(_request: Request, { params }: { params: Promise<{ id: string }> }) {
  try {
    const job = await Job.fetch((await params).id)
    return Response.json({ status: await job.getStatus(), result: (await job.returnValue()) ?? null })
  } catch (error) {
    if (!(error instanceof RqError) || error.code !== 'RQ_NO_SUCH_JOB') throw error
    return Response.json({ error: 'There is no such job. Results are kept for 500 seconds.' }, { status: 404 })
  }
}
