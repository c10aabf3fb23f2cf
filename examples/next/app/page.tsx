import { redirect } from 'next/navigation'
import { enqueueRender } from '@/lib/pdf-queue'

async function renderInvoice(form: FormData) {
  'use server'
  const job = await enqueueRender(String(form.get('invoice')))
  redirect(`/jobs/${job.id}`)
}

export default function Page() {
  return (
    <form action={renderInvoice}>
      <input name="invoice" defaultValue="2024-7" /> <button type="submit">Render</button>
    </form>
  )
}
