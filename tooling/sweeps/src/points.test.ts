import { expect, test } from 'vitest'
import { atPoint, hasReply, isCertain, pointsOf, Sample } from './points.ts'

const COMMANDS = ['register', 'claim', 'settle', 'claim', 'settle', 'blmove']

test('a point is a command by its name and its number among those of the name', () => {
  expect(pointsOf(COMMANDS).map(({ name, nth }) => `${name} ${nth}`)).toEqual([
    'register 1',
    'claim 1',
    'settle 1',
    'claim 2',
    'settle 2',
    'blmove 1',
  ])
  expect(pointsOf(Array.from({ length: 100 }, () => 'lead'))).toHaveLength(12)
  expect(pointsOf(COMMANDS).filter(isCertain)).toHaveLength(3)
  expect(pointsOf(['claim', 'subscribe', 'settle']).filter(hasReply)).toHaveLength(2)
})

test('a point is met once', () => {
  const meet = atPoint({ name: 'settle', nth: 2 }, () => 'met')
  expect([...COMMANDS, 'settle'].map((name) => meet({ name }))).toEqual([
    ...Array.from({ length: 4 }, () => undefined),
    'met',
    undefined,
    undefined,
  ])
})

test('a sample has each kind once, and one settlement of each life', () => {
  const sample = new Sample()
  const names = (commands: readonly string[], kind: string) =>
    sample.of(pointsOf(commands), kind).map(({ name, nth }) => `${name} ${nth}`)
  expect(names(COMMANDS, 'before')).toEqual(['register 1', 'claim 1', 'settle 1', 'blmove 1'])
  expect(names(COMMANDS, 'before')).toEqual(['settle 1'])
  expect(names(['register', 'settle', 'lead'], 'before')).toEqual(['settle 1', 'lead 1'])
  expect(names(['register', 'settle'], 'after')).toEqual(['register 1', 'settle 1'])
  expect(names(COMMANDS, 'after')).toEqual(['claim 1', 'settle 2', 'blmove 1'])
})
