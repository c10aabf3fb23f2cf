import { appendFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { eventually, makeProject, overlaps, RUNS_MODULE, readRuns, runCounts, spawnNode } from './index.ts'

const JOB = `
import { begin, begins } from './runs.js'
const [file, jobId, ms, ending] = process.argv.slice(2)
const run = begin(file, jobId)
const beating = setInterval(() => run.beat(), 10)
console.log('run', begins(file, jobId))
setTimeout(() => {
  clearInterval(beating)
  if (ending === 'end') run.end()
}, Number(ms))
`

async function project() {
  const folder = await makeProject({ 'runs.js': RUNS_MODULE, 'job.js': JOB })
  const start = (...args: string[]) => spawnNode(folder.path('job.js'), [folder.path('notes'), ...args])
  return { ...folder, start, runs: () => readRuns(folder.path('notes')) }
}

test('a file that does not exist has no runs', async () => {
  await using jobs = await project()
  expect(await jobs.runs()).toEqual([])
})

test('a line that is being written is not read yet', async () => {
  await using jobs = await project()
  await using run = jobs.start('a', '1', 'end')
  await run.exited
  await appendFile(jobs.path('notes'), '{"kind":"begin","run')
  expect(runCounts(await jobs.runs())).toEqual(new Map([['a', 1]]))
})

test('finds runs of one job that overlapped, in any processes', async () => {
  await using jobs = await project()
  await using first = jobs.start('a', '60000', 'end')
  await first.output(/run 1/)
  await using other = jobs.start('b', '1', 'end')
  await using second = jobs.start('a', '1', 'end')
  await second.output(/run 2/)
  await Promise.all([other.exited, second.exited])
  await eventually(async () => expect(overlaps(await jobs.runs())).toHaveLength(1))
  const runs = await jobs.runs()
  expect(runCounts(runs)).toEqual(
    new Map([
      ['a', 2],
      ['b', 1],
    ]),
  )
  expect(overlaps(runs)[0]?.map(({ jobId, pid }) => [jobId, pid])).toEqual([
    ['a', first.pid],
    ['a', second.pid],
  ])
})

test('a run that was killed lasts until its last note', async () => {
  await using jobs = await project()
  await using first = jobs.start('a', '60000', 'end')
  await first.output(/run 1/)
  first.kill('SIGKILL')
  await first.exited
  await using second = jobs.start('a', '1', 'end')
  await second.exited
  const runs = await jobs.runs()
  expect(runs.map(({ hasEnded }) => hasEnded)).toEqual([false, true])
  expect(overlaps(runs)).toEqual([])
})

test('runs one after the other do not overlap', async () => {
  await using jobs = await project()
  for (let n = 0; n < 2; n++) {
    await using run = jobs.start('a', '1', 'end')
    await run.exited
  }
  expect(overlaps(await jobs.runs())).toEqual([])
  expect(runCounts(await jobs.runs())).toEqual(new Map([['a', 2]]))
})
