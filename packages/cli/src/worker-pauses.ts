import { pause, SECOND_MS } from '@rq/core'
import { namingOptions } from './arguments/option-value.ts'
import type { CommandContext } from './command.ts'
import { CommandError, EXIT } from './exit-code.ts'
import { text } from './flags.ts'
import { visibleName } from './output/terminal-text.ts'
import { Session } from './session.ts'

export const PAUSE_POSITIONALS = {
  name: { type: 'string', demandOption: true, describe: 'Name of the worker' },
} as const

export const pauseFlags = (describe: string) => ({ queue: text({ alias: 'q', valueName: 'name', describe }) })

/** How long a worker may take to show that it has heard a command. It may be reconnecting. */
const ANSWER_MS = 10 * SECOND_MS
const LOOK_EVERY_MS = 100

/**
 * Send a command to a worker, wait until its record shows the effect, and say so.
 * @throws CommandError when it does not, within 10 s; what `sendPauseCommand` throws.
 */
export async function sendAndWait(
  command: 'pause' | 'resume',
  name: string,
  queue: string | undefined,
  context: CommandContext,
): Promise<void> {
  await using session = await Session.open(context)
  const { rq, where } = session
  const send = command === 'pause' ? rq.sendPauseCommand : rq.sendResumeCommand
  const options = queue === undefined ? {} : { queue }
  await namingOptions({ queue: '--queue', workerName: 'name' }, () => send(where, name, options))
  const endMs = performance.now() + ANSWER_MS
  for (;;) {
    const worker = (await rq.Worker.all(where)).find((one) => one.name === name)
    if (worker === undefined) throw new CommandError(`Worker ${visibleName(name)} has left.`, EXIT.notFound)
    const asked = queue === undefined ? worker.queues : [queue]
    if (asked.every((one) => worker.paused.includes(one) === (command === 'pause'))) {
      context.output.say(effectOf(command, name, asked))
      return
    }
    if (performance.now() > endMs) throw noAnswer(command, name)
    await pause(LOOK_EVERY_MS)
  }
}

function effectOf(command: 'pause' | 'resume', name: string, queues: readonly string[]): string {
  const [who, which] = [visibleName(name), queues.map(visibleName).join(', ')]
  if (command === 'resume') return `Worker ${who} starts jobs of ${which}.`
  const until = `until \`rq-cli worker-resume ${who}\` or its end`
  return `Worker ${who} starts no jobs of ${which} ${until}. Its running jobs finish.`
}

function noAnswer(command: string, name: string): CommandError {
  const what = `Worker ${visibleName(name)} was asked to ${command}, and has not shown it for ${ANSWER_MS / SECOND_MS} s.`
  return new CommandError(`${what} It may be cut off from Redis, stopped or of an older version; see its log.`)
}
