import type { Project } from '../project.ts'

/** A module with a job, as JavaScript in each module system. */
export const JOBS = { 'jobs/sums.js': 'export const add = (x, y) => x + y\n' }
export const COMMONJS_JOBS = { 'package.json': '{"private":true}', 'jobs/sums.js': 'exports.add = (x, y) => x + y\n' }

const BODY = `
const queue = new Queue()
queue.enqueue(FUNCTION, [20, 22]).then((job) => {
  console.log(job.id)
  return queue.close()
})
`

/** A program that enqueues the function itself. */
export const BY_FUNCTION = `
import { Queue } from 'rq'
import { add } from './jobs/sums.js'
${BODY.replace('FUNCTION', 'add')}`

/** A program that names the function. */
export const BY_NAME = `
import { Queue, ref } from 'rq'
${BODY.replace('FUNCTION', "ref('./jobs/sums#add')")}`

/** The same as CommonJS. */
export const COMMONJS_BY_FUNCTION = `
const { Queue } = require('rq')
const { add } = require('./jobs/sums.js')
${BODY.replace('FUNCTION', 'add')}`

/** Run a program that prints the id of its job, then a worker, and check the result. */
export async function runWith(project: Project, command: string, ...args: string[]): Promise<void> {
  const printed = await project.exec(command, ...args)
  await project.work()
  await project.expectResult(printed, 42)
}
