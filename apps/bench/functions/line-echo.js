/** Answers each line with two, as a horse does that reports the beginning and the end of a job: one write for each. */
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

for await (const line of createInterface({ input: process.stdin })) {
  write('begin\n')
  write(`${JSON.parse(line).length}\n`)
}

function write(text) {
  for (;;) {
    try {
      writeSync(1, text)
      return
    } catch (error) {
      // The pipe is full.
      if (error.code !== 'EAGAIN') throw error
    }
  }
}
