import { deferred, RqError } from '@rq/core'
import { type JobReply, type JobStore, MOST_MESSAGE_BYTES, type NewMessages } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { MessageSender } from './message-sender.ts'

const RUN = { jobId: 'j', executionId: 'e', attempt: 2 }

/** A sender whose calls are noted; `reply` answers each of them. */
function senderWith(reply: () => JobReply | Promise<JobReply> = () => 'done') {
  const calls: (readonly unknown[])[] = []
  const addMessages = async (jobId: string, messages: NewMessages): Promise<JobReply> => {
    expect([jobId, messages]).toMatchObject(['j', { from: 'job', executionId: 'e', attempt: 2 }])
    calls.push(messages.payloads)
    return reply()
  }
  return { calls, sender: new MessageSender({ addMessages } as Partial<JobStore> as JobStore, RUN) }
}

describe('MessageSender', () => {
  it('sends what comes in one turn together, and what comes during a call with the next one', async () => {
    const first = deferred<JobReply>()
    let replies = 0
    const { calls, sender } = senderWith(() => (replies++ === 0 ? first.promise : 'done'))
    const sent = ['1', '2'].map((payload) => sender.send(() => payload))
    await new Promise((resolve) => setImmediate(resolve))
    sent.push(...['3', '4', '5'].map((payload) => sender.send(() => payload)))
    expect(calls).toEqual([['1', '2']])
    first.resolve('done')
    await Promise.all(sent)
    expect(calls).toEqual([
      ['1', '2'],
      ['3', '4', '5'],
    ])
  })

  it('keeps the order of messages, although some take longer to be encoded', async () => {
    const { calls, sender } = senderWith()
    const slow = deferred<string>()
    const sent = [sender.send(() => slow.promise), sender.send(() => Promise.resolve('2')), sender.send(() => '3')]
    slow.resolve('1')
    await Promise.all(sent)
    expect(calls.flat()).toEqual(['1', '2', '3'])
  })

  it('sends no more bytes in one call than are kept', async () => {
    const { calls, sender } = senderWith()
    const half = 'x'.repeat(MOST_MESSAGE_BYTES / 2)
    await Promise.all([half, half, 'y', half, half, half].map((payload) => sender.send(() => payload)))
    expect(calls.map((payloads) => payloads.length)).toEqual([2, 2, 2])
  })

  it('rejects what could not be written or stored, and sends the next one', async () => {
    const replies: JobReply[] = ['refused', 'missing', 'done']
    const { sender } = senderWith(() => replies.shift() ?? 'done')
    await expect(sender.send(() => '1')).rejects.toMatchObject({ code: 'RQ_LEASE_LOST' })
    await expect(sender.send(() => '2')).rejects.toMatchObject({ code: 'RQ_NO_SUCH_JOB' })
    const unwritable = sender.send(() => {
      throw new RqError('RQ_SERIALIZATION', 'no')
    })
    await expect(unwritable).rejects.toMatchObject({ code: 'RQ_SERIALIZATION' })
    await sender.send(() => '3')
  })

  it('says when all is sent, also when the job does not wait for what fails', async () => {
    const answer = deferred<JobReply>()
    const { sender } = senderWith(() => answer.promise)
    void sender.send(() => '1')
    let isSent = false
    const sent = sender.allSent.then(() => {
      isSent = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isSent).toBe(false)
    answer.reject(new Error('no store'))
    await sent
  })
})
