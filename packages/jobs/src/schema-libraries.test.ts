import { MemoryStorage } from '@rq/testkit/memory-storage'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { defineJobs } from './index.ts'

/** The same schema in each library: an address, and a number that is written as text. */
const INPUTS = {
  zod: z.object({ to: z.string(), times: z.string().transform(Number) }),
  valibot: v.object({ to: v.string(), times: v.pipe(v.string(), v.transform(Number)) }),
  arktype: type({ to: 'string', times: 'string.numeric.parse' }),
} as const

describe('schemas of', () => {
  it.each(Object.keys(INPUTS) as (keyof typeof INPUTS)[])(
    '%s check the input and give the job their output',
    async (library) => {
      const seen: unknown[] = []
      const storage = new MemoryStorage()
      const jobs = defineJobs(
        { send: { input: INPUTS[library] as typeof INPUTS.zod, run: (input) => seen.push(input) } },
        { storage, isAsync: false },
      )
      await jobs.send.enqueue({ to: 'ada', times: '2' })
      expect(seen).toEqual([{ to: 'ada', times: 2 }])
      const wrong = jobs.send.enqueue({ to: 'ada', times: 3 } as never)
      await expect(wrong).rejects.toMatchObject({
        code: 'RQ_INPUT_INVALID',
        message: expect.stringMatching(/^The input of "send" does not fit.* times: /),
        details: { issues: [{ path: 'times' }] },
      })
      expect(seen).toHaveLength(1)
      await jobs.close()
    },
  )

  it('each library have their input in enqueue and their output in run', () => {
    const storage = new MemoryStorage()
    const jobs = defineJobs(
      {
        zod: { input: INPUTS.zod, run: (input) => expectTypeOf(input).toEqualTypeOf<{ to: string; times: number }>() },
        valibot: {
          input: INPUTS.valibot,
          run: (input) => expectTypeOf(input).toEqualTypeOf<{ to: string; times: number }>(),
        },
        arktype: {
          input: INPUTS.arktype,
          run: (input) => expectTypeOf(input).toEqualTypeOf<{ to: string; times: number }>(),
        },
      },
      { storage },
    )
    type Input = { to: string; times: string }
    expectTypeOf(jobs.zod.enqueue).parameter(0).toEqualTypeOf<Input>()
    expectTypeOf(jobs.valibot.enqueue).parameter(0).toEqualTypeOf<Input>()
    expectTypeOf(jobs.arktype.enqueue).parameter(0).toEqualTypeOf<Input>()
  })

  it('valibot may be asynchronous', async () => {
    const known = v.pipeAsync(
      v.string(),
      v.checkAsync(async (name) => name === 'ada', 'nobody of that name'),
    )
    const jobs = defineJobs({ greet: { input: known, run() {} } }, { storage: new MemoryStorage() })
    await jobs.greet.enqueue('ada')
    await expect(jobs.greet.enqueue('eve')).rejects.toMatchObject({
      code: 'RQ_INPUT_INVALID',
      message: expect.stringContaining('nobody of that name'),
    })
  })
})
