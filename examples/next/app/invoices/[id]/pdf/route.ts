import { enqueueRender } from '@/lib/pdf-queue'

export async function POST(_request: Request, { params }: { params: Promise<{ id: string }> }) {
  const job = await enqueueRender((await params).id)
  return Response.json({ job: job.id }, { status: 202 })
}
