import { describe, expect, test } from 'vitest'
import { nearestWord, suggestion } from './suggestion.ts'

const COMMANDS = ['worker', 'worker-pool', 'enqueue', 'info', 'job', 'jobs', 'requeue', 'empty', 'suspend', 'resume']

describe('nearestWord', () => {
  test.each([
    ['wroker', 'worker'],
    ['workers', 'worker'],
    ['workerpool', 'worker-pool'],
    ['enqeue', 'enqueue'],
    ['inof', 'info'],
    ['Requeue', 'requeue'],
    ['supend', 'suspend'],
    ['susp', 'suspend'],
    ['work', 'worker'],
  ])('%s means %s', (word, meant) => {
    expect(nearestWord(word, COMMANDS)).toBe(meant)
  })

  test('suggests nothing if no word is near', () => {
    expect(nearestWord('dashboard', COMMANDS)).toBe(undefined)
    expect(nearestWord('x', COMMANDS)).toBe(undefined)
    expect(nearestWord('', COMMANDS)).toBe(undefined)
    expect(nearestWord('worker', [])).toBe(undefined)
  })
})

describe('suggestion', () => {
  test('is a question, or empty', () => {
    expect(suggestion('wroker', COMMANDS)).toBe(" Did you mean 'worker'?")
    expect(suggestion('dashboard', COMMANDS)).toBe('')
  })
})
