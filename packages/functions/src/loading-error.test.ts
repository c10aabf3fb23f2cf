import { describe, expect, it } from 'vitest'
import { unreadableTypeScript } from './loading-error.ts'

describe('unreadableTypeScript', () => {
  it("has Node's reason when it cannot strip the types", () => {
    const error = Object.assign(new SyntaxError('TypeScript enum is not supported in strip-only mode\n  at x'), {
      code: 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
    })
    expect(unreadableTypeScript('./jobs#run', 'jobs.ts', error)).toMatchObject({
      code: 'RQ_FUNCTION_NOT_FOUND',
      message:
        'Cannot load "./jobs#run": jobs.ts, or a module that it imports, has TypeScript that Node.js cannot run by itself: TypeScript enum is not supported in strip-only mode. Build it, or start the worker with a loader such as --import tsx.',
      cause: error,
    })
    expect(unreadableTypeScript('./jobs#run', 'jobs.ts', new Error('other'))).toBeUndefined()
    expect(unreadableTypeScript('./jobs#run', 'jobs.ts', null)).toBeUndefined()
  })
})
