import { appendFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

/** Stands for an import that takes a while. With $IMPORT_LOG it notes there when it begins and ends. */
export async function importOrders(tenant: string): Promise<string> {
  await note(`begin ${tenant}`)
  await setTimeout(100)
  await note(`end ${tenant}`)
  return `imported ${tenant}`
}

async function note(line: string): Promise<void> {
  const log = process.env.IMPORT_LOG
  if (log !== undefined) await appendFile(log, `${line}\n`)
}
