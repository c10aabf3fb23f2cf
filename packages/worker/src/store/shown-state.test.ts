import type { Claimed } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { ShownState } from './shown-state.ts'

const jobs = [{} as Claimed]

describe('ShownState', () => {
  it('is busy after a claim of jobs, also when there are more to claim', () => {
    for (const again of [false, true]) {
      const shown = new ShownState()
      shown.end({ jobs, suspended: false, again }, shown.begin())
      expect(shown.state).toBe('busy')
    }
  })

  it('stays what it was after a claim that did not come to the end of the queues and brought none', () => {
    const shown = new ShownState()
    shown.end({ jobs: [], suspended: false, again: true }, shown.begin())
    expect(shown.state).toBe('started')
  })

  it('is not written by a heartbeat while a call that may change it is under way', () => {
    const shown = new ShownState()
    const before = shown.begin()
    expect([shown.mustKeep('idle'), shown.state]).toEqual([true, 'started'])
    shown.end(undefined, before)
    expect([shown.mustKeep('idle'), shown.state]).toEqual([false, 'idle'])
  })

  it('becomes busy, but not idle, by a claim beside the calls of other lanes', () => {
    const shown = new ShownState()
    const [alone, beside] = [shown.begin(), shown.beginBeside()]
    shown.end({ jobs, suspended: false }, beside)
    expect(shown.state).toBe('busy')
    shown.end({ jobs: [], suspended: false }, alone)
    expect(shown.state).toBe('idle')
    shown.end({ jobs, suspended: false }, shown.begin())
    shown.end({ jobs: [], suspended: false }, shown.beginBeside())
    expect(shown.state).toBe('busy')
  })
})
