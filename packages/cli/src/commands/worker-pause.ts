import { defineCommand } from '../command.ts'
import { PAUSE_POSITIONALS, pauseFlags, sendAndWait } from '../worker-pauses.ts'

export const workerPause = defineCommand({
  name: 'worker-pause',
  summary: 'Pause one worker, which runs what it has begun',
  quietLetter: null,
  examples: [
    ['worker-pause w1', 'Let the worker w1 start no jobs'],
    ['worker-pause w1 --queue low', 'Let it start no jobs of one queue'],
    ['suspend --queue low', 'Hold back all workers of a queue instead'],
  ],
  positionals: PAUSE_POSITIONALS,
  flags: pauseFlags('Pause this queue only'),
  async run({ name, queue }, context) {
    await sendAndWait('pause', name, queue, context)
    return undefined
  },
})
