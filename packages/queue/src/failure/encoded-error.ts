import { LONGEST_ERROR_BYTES } from '@rq/job'
import type { Codec } from '@rq/serializer'
import { isEncoded } from '@rq/serializer'
import { decodePayload, encodePayload, Undecodable } from '../payload/payload-codec.ts'
import type { ErrorFacts } from './error-facts.ts'

/** The longest text that is stored of an encoded error: a worker takes no text that is twice as long as an error. */
const LONGEST_ENCODED = 1.5 * LONGEST_ERROR_BYTES

/**
 * The facts about an error for other processes and the store: its text is encoded, and a line for people follows, where
 * RQ's tools look for the summary. Never rejects: what cannot be encoded is left out.
 */
export async function encodeFacts(
  codec: Codec,
  jobId: string,
  { name, remote, text }: ErrorFacts,
): Promise<ErrorFacts> {
  try {
    const encoded = await encodePayload(codec, text, { jobId, field: 'error' })
    if (encoded.length > LONGEST_ENCODED) throw new Error('the codec has made it too long')
    const message = `encoded with the codec "${codec.name}"`
    const encodedRemote = remote && (await encodePayload(codec, remote, { jobId, field: 'error' }))
    return {
      name,
      message,
      text: `${encoded}\n${name}: ${message}`,
      ...(encodedRemote !== undefined && encodedRemote.length <= LONGEST_ENCODED && { remote: encodedRemote }),
    }
  } catch {
    const message = `left out, since the codec "${codec.name}" could not encode it`
    return { name, message, text: `${name}: ${message}` }
  }
}

/** The text of an error as a reader with a codec sees it. What cannot be decoded is left out. Never rejects. */
export async function decodeErrorText(codec: Codec, jobId: string, text: string): Promise<string> {
  const lines: string[] = []
  let isSummary = false
  for (const line of text.split('\n')) {
    const decoded = isEncoded(line, 'error') ? await decodePayload(codec, line, { jobId, field: 'error' }) : undefined
    if (decoded === undefined && !isSummary) lines.push(line)
    isSummary = decoded !== undefined && !(decoded instanceof Undecodable)
    // The error of a horse that was lost after a failure holds that of the failure.
    if (isSummary) lines.push(await decodeErrorText(codec, jobId, textOf(decoded as string | Uint8Array)))
  }
  return lines.join('\n')
}

/** The text of an error without what is encoded, for readers without the codec, and for logs. */
export function withoutEncoded(text: string): string {
  return text
    .split('\n')
    .filter((line) => !isEncoded(line, 'error'))
    .join('\n')
}

function textOf(payload: string | Uint8Array): string {
  return typeof payload === 'string' ? payload : Buffer.from(payload).toString()
}
