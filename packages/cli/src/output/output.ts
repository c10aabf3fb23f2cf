import type { Paint } from './paint.ts'
import { paintFor } from './paint.ts'
import { fenced, visibleBlock, visibleJson, withoutColours } from './terminal-text.ts'

/** A stream to write to: stdout, stderr, or a test's memory. */
export interface TextStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

export interface OutputOptions {
  readonly stdout: TextStream
  readonly stderr: TextStream
  /** False: no colours and nothing that moves, even on a terminal. */
  readonly colours: boolean
  /** Only data and errors. */
  readonly quiet: boolean
}

/** Something that takes a while, shown on stderr while it does. */
export interface Progress {
  /** So many more are done. */
  advance(count: number): void
  end(): void
}

const DEFAULT_COLUMNS = 80

/**
 * Where a command writes. Data goes to stdout; messages, errors and progress to stderr, so that a pipe gets data alone.
 * Nothing but line feeds and our own colours reaches a terminal, whatever is in the text.
 */
export class Output {
  /** For stdout. */
  readonly paint: Paint
  /** For stderr. */
  readonly errorPaint: Paint
  readonly #options: OutputOptions
  #framed = false

  constructor(options: OutputOptions) {
    this.#options = options
    this.paint = paintFor(options.colours && options.stdout.isTTY === true)
    this.errorPaint = paintFor(options.colours && options.stderr.isTTY === true)
  }

  /** Whether a person looks at stdout. */
  get isTerminal(): boolean {
    return this.#options.stdout.isTTY === true
  }

  get columns(): number {
    return this.#options.stdout.columns || DEFAULT_COLUMNS
  }

  /** Data for people: one line or several. */
  print(text: string): void {
    this.#options.stdout.write(`${this.isTerminal ? fenced(text) : visibleBlock(text)}\n`)
  }

  /** Data for programs: one JSON document, over several lines, or on one line where more documents follow. */
  json(document: unknown, options: { oneLine?: boolean } = {}): void {
    const text = JSON.stringify(document, undefined, options.oneLine === true ? undefined : 2)
    this.#options.stdout.write(`${visibleJson(text)}\n`)
  }

  /**
   * Show `text` in the place of what the last call showed, cut at the height of the terminal. Where that cannot be, one
   * after the other.
   */
  frame(text: string): void {
    if (!this.isTerminal || !this.#options.colours) {
      this.print(this.#framed ? `\n${text}` : text)
    } else {
      const { columns, rows } = this.#options.stdout
      const lines = fitting(fenced(text).split('\n'), columns || DEFAULT_COLUMNS, rows || Number.POSITIVE_INFINITY)
      // One write, and no clearing before it: the eye sees the old frame or the new one, never an empty screen.
      const start = this.#framed ? '\x1b[H' : '\x1b[2J\x1b[H'
      this.#options.stdout.write(`${start}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`)
    }
    this.#framed = true
  }

  /** A message that can be missed. Nothing when quiet. */
  say(text: string): void {
    if (!this.#options.quiet) this.log(text)
  }

  /** What went wrong. */
  error(text: string): void {
    this.log(`${this.errorPaint.red('Error:')} ${text}`)
  }

  /** A line on stderr. */
  log(text: string): void {
    const { stderr } = this.#options
    stderr.write(`${stderr.isTTY === true ? fenced(text) : visibleBlock(text)}\n`)
  }

  /** A bar on a terminal; nothing elsewhere, and nothing when quiet. */
  async progress(label: string, total: number): Promise<Progress> {
    const { stderr, quiet, colours } = this.#options
    if (quiet || stderr.isTTY !== true || !colours) return { advance: () => {}, end: () => {} }
    const { SingleBar } = (await import('cli-progress')).default
    const bar = new SingleBar({
      stream: stderr as NodeJS.WritableStream,
      format: `${label} {bar} {percentage}%  {value}/{total}`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 30,
      hideCursor: false,
      gracefulExit: false,
      clearOnComplete: true,
    })
    bar.start(total, 0)
    return { advance: (count) => bar.increment(count), end: () => bar.stop() }
  }
}

/** As many of the lines as a terminal can show without scrolling: what has scrolled away cannot be drawn over. */
function fitting(lines: readonly string[], columns: number, rows: number): readonly string[] {
  const heights = lines.map((line) => Math.max(1, Math.ceil(withoutColours(line).length / columns)))
  const ends = heights.map((_, index) => heights.slice(0, index + 1).reduce((sum, height) => sum + height, 0))
  // The cursor stands below the last line.
  if ((ends.at(-1) ?? 0) < rows) return lines
  const shown = ends.filter((end) => end < rows - 1).length
  return [...lines.slice(0, shown), `... ${lines.length - shown} more lines`]
}
