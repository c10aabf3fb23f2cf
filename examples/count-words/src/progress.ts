import { Presets, SingleBar } from 'cli-progress'

export interface Progress {
  /** Count one more as done. */
  advance(): void
  stop(): void
}

/** Show a progress bar on a terminal; elsewhere print a line after each tenth. */
export function showProgress(total: number, unit: string): Progress {
  return process.stdout.isTTY ? bar(total, unit) : lines(total, unit)
}

function bar(total: number, unit: string): Progress {
  const shown = new SingleBar(
    { format: `  {bar} {value}/{total} ${unit}`, hideCursor: true, stream: process.stdout },
    Presets.shades_classic,
  )
  shown.start(total, 0)
  return { advance: () => shown.increment(), stop: () => shown.stop() }
}

function lines(total: number, unit: string): Progress {
  const tenthsOf = (done: number): number => Math.floor((done * 10) / total)
  let done = 0
  return {
    advance() {
      done += 1
      if (tenthsOf(done) > tenthsOf(done - 1)) console.log(`  ${done}/${total} ${unit}`)
    },
    stop() {},
  }
}
