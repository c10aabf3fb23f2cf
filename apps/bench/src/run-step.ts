import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Measured, StepOrder, StepReply } from './step.ts'

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))

/** The folder for the profile of a child; undefined = no profile. */
export type ProfileFolder = string | undefined

/** @throws Error with the child's message. */
export async function runStep(order: StepOrder, profile: ProfileFolder): Promise<Measured> {
  const execArgv = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const child = fork(CHILD, { execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  const replied = once(child, 'message') as Promise<[StepReply]>
  child.send(order)
  const first = await Promise.race([replied, exited.then(() => undefined)])
  const reply: StepReply = first?.[0] ?? { error: `the process ended with code ${child.exitCode}` }
  await exited
  if ('error' in reply) throw new Error(`${order.subject}, ${order.step.do}: ${reply.error}`)
  return reply
}
