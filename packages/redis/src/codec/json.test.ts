import { describe, expect, it } from 'vitest'
import { parseJson } from './json.ts'

describe('parseJson', () => {
  it.each(['[1,{"a":[2]}]', '"[[[["', '"\\"[{"', '{"[{":"]}"}', 'null', '7'])('parses %s', (json) => {
    expect(parseJson(json)).toEqual(JSON.parse(json))
  })

  it('parses many lists and objects beside each other', () => {
    const json = `[${'[{}],'.repeat(1000)}"${'['.repeat(1000)}"]`
    expect(parseJson(json)).toHaveLength(1001)
  })

  it.each(['', '{', 'x', '[1,]'])('has no value for %s, which is no JSON', (json) => {
    expect(parseJson(json)).toBeUndefined()
  })

  it.each([33, 700_000])('has no value for JSON of %d levels', (levels) => {
    expect(parseJson('['.repeat(levels) + ']'.repeat(levels))).toBeUndefined()
    expect(parseJson(`${'[{"a":'.repeat(levels)}1${'}]'.repeat(levels)}`)).toBeUndefined()
  })
})
