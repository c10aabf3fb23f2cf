import { expect, test } from 'vitest'
import { lackingNames, lackingText } from './lacking-names.ts'

const known = new Set(['sendMail', 'mail.later'])

test('finds the names of schedules and of other workers that a worker does not know, each once', () => {
  const used = [
    {
      queue: 'mail',
      schedules: [
        { name: 'nightly', funcName: 'report' },
        { name: 'hourly', funcName: 'sendMail' },
        { name: 'again', funcName: 'report' },
        // What Python runs, or is found in a module.
        { name: 'python', funcName: 'jobs.report' },
        { name: 'module', funcName: './jobs#report' },
      ],
      workers: [{ name: 'web-1' }, { name: 'web-2', jobNames: ['mail.later', 'mail.old', 'report'] }],
    },
    { queue: 'low', schedules: [], workers: [{ name: 'web-3', jobNames: ['mail.old', 'clean'] }] },
  ]
  expect(lackingNames(known, used)).toEqual([
    { name: 'report', of: 'schedule nightly of the queue mail' },
    { name: 'mail.old', of: 'worker web-2 of the queue mail' },
    { name: 'clean', of: 'worker web-3 of the queue low' },
  ])
})

test('names ten of them, and says what becomes of their jobs', () => {
  const lacking = Array.from({ length: 12 }, (_, at) => ({ name: `job${at}`, of: 'schedule s of the queue q' }))
  const text = lackingText(lacking, false)
  expect(text).toMatch(/: job0 \(schedule s of the queue q\), job1 .*, job9 \([^)]*\) and 2 more\. Here they fail\. /)
  expect(lackingText(lacking.slice(0, 1), true)).toMatch(/: job0 \([^)]*\)\. Here they go back to their queue\. /)
})
