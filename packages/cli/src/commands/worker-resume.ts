import { defineCommand } from '../command.ts'
import { PAUSE_POSITIONALS, pauseFlags, sendAndWait } from '../worker-pauses.ts'

export const workerResume = defineCommand({
  name: 'worker-resume',
  summary: 'Resume one paused worker',
  quietLetter: null,
  examples: [
    ['worker-resume w1', 'Let the worker w1 start jobs again'],
    ['worker-resume w1 --queue low', 'Let it start jobs of one queue again'],
    ['resume --queue low', 'End the pause of a queue instead'],
  ],
  positionals: PAUSE_POSITIONALS,
  flags: pauseFlags('Resume this queue only'),
  async run({ name, queue }, context) {
    await sendAndWait('resume', name, queue, context)
    return undefined
  },
})
