import { describe, expect, it } from 'vitest'
import { shownError } from './shown-error.ts'

const root = new URL('../../../', import.meta.url)
const OWN = [
  `    at #call (${new URL('worker/dist/horse/main.js', root).href}:63:15)`,
  `    at ${new URL('queue/src/run/run-job.ts', root).pathname}:2107:36`,
]
const TICKS = '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)'
const USER = '    at fails (file:///app/jobs.mjs:2:46)'

describe('shownError', () => {
  it('shows the frames of the user, and the summary once', () => {
    const text = ['RangeError: no', USER, ...OWN, TICKS, 'RangeError: no'].join('\n')
    expect(shownError(text)).toBe(['RangeError: no', USER, '    ... 3 frames of rq and Node.js'].join('\n'))
  })

  it('shows the summary of an uncaught error once, above what became of its horse', () => {
    const end = 'WorkHorseTerminatedError: Work-horse terminated unexpectedly; exit code 1'
    expect(shownError(['Error: no', USER, 'Error: no', end].join('\n'))).toBe(['Error: no', USER, end].join('\n'))
  })

  it('leaves causes, other frames of Node.js and a summary that says more', () => {
    const open = '    at Object.openSync (node:fs:603:3)'
    const lines = ['Error: no', open, USER, OWN[0], '[cause]: TypeError: why', USER, TICKS, 'Error [E_NO]: no']
    const shown = [...lines.slice(0, 3), '    ... 1 frame of rq and Node.js', ...lines.slice(4)]
    expect(shownError(lines.join('\n'))).toBe(shown.join('\n'))
  })

  it('takes no folder of the user for one of rq', () => {
    const mine = '    at f (file:///app/packages/queue/src/run/run-job.ts:1:1)'
    expect(shownError(`Error: no\n${mine}`)).toBe(`Error: no\n${mine}`)
  })

  it.each(['', 'Error: no', 'The worker died.\nAbandonedError: x'])('leaves %j', (text) => {
    expect(shownError(text)).toBe(text)
  })
})
