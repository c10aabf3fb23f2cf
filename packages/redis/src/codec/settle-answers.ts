import type { SettleAnswer, Settlement } from '@rq/job'

/** The answers, by the letters of settle.lua. */
const ANSWERS: ReadonlyMap<number | undefined, SettleAnswer> = new Map([
  ['a'.charCodeAt(0), 'applied'],
  ['l'.charCodeAt(0), 'lost'],
  ['g'.charCodeAt(0), 'gone'],
])

/**
 * Decode the answers of settle.lua: one letter for each settlement.
 * @param resent - the call was sent twice, so that the first time may have applied what is not there any more.
 */
export function decodeAnswers(letters: Buffer, settlements: readonly Settlement[], resent: boolean): SettleAnswer[] {
  return settlements.map((settlement, index) => {
    const answer = ANSWERS.get(letters[index]) ?? 'applied'
    return resent && mayBeAppliedBefore(settlement, answer) ? 'applied' : answer
  })
}

function mayBeAppliedBefore({ to, keepS }: Settlement, answer: SettleAnswer): boolean {
  if (answer === 'gone') return keepS === 0
  return answer === 'lost' && (to === 'queued' || to === 'scheduled')
}
