import { afterEach, describe, expect, it, vi } from 'vitest'
import { ResultRoom } from './result-room.ts'
import type { RoomPipe } from './room-pipe.ts'

const MB = 1024 ** 2

afterEach(() => {
  vi.useRealTimers()
})

/** A room with pipes that say whether they are read. */
function roomOf(count: number) {
  const room = new ResultRoom()
  const stalled: string[] = []
  const reading = Array.from({ length: count }, () => true)
  const pipes = reading.map((_, n) =>
    room.open({
      pause: () => {
        reading[n] = false
      },
      resume: () => {
        reading[n] = true
      },
      onStalled: ({ message }) => stalled.push(message),
    }),
  )
  return { room, pipes: pipes as [RoomPipe, RoomPipe, RoomPipe], reading, stalled }
}

describe('ResultRoom', () => {
  it('reads one long line to its end, and holds the others meanwhile', () => {
    const { pipes, reading } = roomOf(3)
    const [a, b, c] = pipes
    a.noteRead(5 * MB)
    b.noteRead(5 * MB)
    a.noteRead(6 * MB)
    c.noteRead(0)
    expect(reading).toEqual([false, true, false])
    expect([a.isBehind, b.isBehind]).toEqual([true, false])
    b.noteRead(20 * MB)
    b.noteRead(0)
    expect(reading).toEqual([true, true, true])
  })

  it('holds every horse while results of many bytes wait for the store', () => {
    const { pipes, reading, room } = roomOf(3)
    room.keep(9 * MB)
    for (const pipe of pipes) pipe.noteRead(1000)
    expect(reading).toEqual([false, false, false])
    room.drop(9 * MB)
    expect(reading).toEqual([true, true, true])
  })

  it('lets lines of more than it holds pass one after the other', () => {
    const { pipes, reading, room } = roomOf(3)
    for (const pipe of pipes) pipe.noteRead(7 * MB)
    const ended: number[] = []
    for (let turn = 0; turn < 3; turn++) {
      const n = reading.findIndex((isRead, at) => isRead && !ended.includes(at))
      expect(n).toBeGreaterThanOrEqual(0)
      room.keep(15 * MB)
      pipes[n]?.noteRead(0)
      ended.push(n)
      room.drop(15 * MB)
    }
    expect(ended.sort()).toEqual([0, 1, 2])
  })

  it('goes on when the horse is gone whose line it reads', () => {
    const { pipes, reading } = roomOf(2)
    pipes[0].noteRead(9 * MB)
    pipes[1].noteRead(1)
    expect(reading).toEqual([true, false])
    pipes[0].end()
    pipes[0].noteRead(99 * MB)
    expect(reading).toEqual([true, true])
  })

  it('gives up a line that does not go on while others wait', () => {
    vi.useFakeTimers()
    const { pipes, reading, stalled } = roomOf(2)
    pipes[0].noteRead(9 * MB)
    pipes[1].noteRead(1)
    vi.advanceTimersByTime(9000)
    pipes[0].noteRead(10 * MB)
    vi.advanceTimersByTime(9000)
    expect(stalled).toEqual([])
    vi.advanceTimersByTime(1000)
    expect(stalled).toEqual([expect.stringContaining('it has begun, and does not end')])
    expect(reading).toEqual([true, true])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('takes for read what waited in a pipe after a moment, or when its line is complete', () => {
    vi.useFakeTimers()
    const { pipes, room } = roomOf(2)
    room.keep(9 * MB)
    pipes[0].noteRead(0)
    pipes[1].noteRead(5)
    room.drop(9 * MB)
    expect(pipes.map(({ isBehind }) => isBehind)).toEqual([true, true])
    vi.advanceTimersByTime(1001)
    expect(pipes.map(({ isBehind }) => isBehind)).toEqual([false, true])
    pipes[1].noteRead(0)
    expect(pipes[1].isBehind).toBe(false)
  })
})
