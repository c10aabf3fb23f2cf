import type { MessageRecord, MessagesPage } from '@rq/job'
import type { ReplyOf } from '../connection/script.ts'
import type { readMessages } from '../connection/scripts.generated.ts'
import { readNumber } from './numbers.ts'

const LINE_FEED = 0x0a

/** Decode the reply of `read_messages`. Elements that are no message of ours are left out. */
export function decodeMessages([word, last, lost, list]: ReplyOf<typeof readMessages>): MessagesPage {
  const state = String(word)
  return {
    state: state === 'over' || state === 'missing' ? state : 'open',
    last: Number(String(last)),
    lost: Number(String(lost)),
    messages: list.flatMap((element) => decodeMessage(element) ?? []),
  }
}

/** An element as lib/messages.lua describes it. */
function decodeMessage(element: Buffer): MessageRecord | undefined {
  const end = element.indexOf(LINE_FEED)
  const [number, , attempt, storedAtMs] = String(element.subarray(0, Math.max(end, 0)))
    .split(' ')
    .map(readNumber)
  if (number === undefined || attempt === undefined || storedAtMs === undefined) return undefined
  return { number, attempt, storedAtMs, payload: element.subarray(end + 1) }
}
