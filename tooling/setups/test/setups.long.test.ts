import { expect, it } from 'vitest'
import { SETUPS } from '../src/rows/index.ts'
import { Site } from '../src/site.ts'

it('what needs no large downloads works with the packed packages', async () => {
  await using site = await Site.open()
  for (const setup of SETUPS.filter(({ quick }) => quick)) {
    const { isRight, text } = await site.try(setup)
    expect([setup.name, isRight, text]).toEqual([setup.name, true, expect.any(String)])
  }
})
