import { afterEach, describe, expect, it, vi } from 'vitest'
import { loadedScripts, placeOf } from './function-script.ts'

type Callback = (error: unknown, result?: object) => void

/** Replaces the inspector of this process by one that answers with `reply`. */
function fakeInspector(reply: (method: string, answer: Callback) => void): void {
  class Session {
    connect(): void {}
    disconnect(): void {}
    on(): void {}
    post(method: string, _params: unknown, answer: Callback): void {
      reply(method, answer)
    }
  }
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ Session } as never)
}

const LOCATION = { scriptId: '7', lineNumber: 1, columnNumber: 2 }
const REPLIES: Readonly<Record<string, object>> = {
  'Runtime.evaluate': { result: { objectId: '1' } },
  'Runtime.getProperties': { internalProperties: [{ name: '[[FunctionLocation]]', value: { value: LOCATION } }] },
}

describe('placeOf', () => {
  afterEach(() => vi.restoreAllMocks())

  it('is unknown where the inspector knows no such command, as in Bun', async () => {
    fakeInspector((_method, answer) => answer({ code: 'ERR_INSPECTOR_COMMAND' }))
    expect(await placeOf(() => 1)).toBe('unknown')
    expect(await loadedScripts()).toBeInstanceOf(Array)
  })

  it('waits for an inspector that answers later, as in Deno', async () => {
    fakeInspector((method, answer) => setImmediate(() => answer(null, REPLIES[method])))
    expect(await Promise.all([placeOf(() => 1), placeOf(() => 2)])).toEqual(
      Array(2).fill({ ...LOCATION, isTarget: false }),
    )
  })

  it('is unknown where there is no inspector', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never)
    expect(await placeOf(() => 1)).toBe('unknown')
  })

  it('follows what a function is bound to, and knows native functions', async () => {
    expect(await placeOf((() => 1).bind(null))).toMatchObject({ isTarget: true })
    expect(await placeOf(() => 1)).toMatchObject({ isTarget: false })
    expect(await placeOf(Math.max)).toBe('native')
  })
})
