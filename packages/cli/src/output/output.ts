import stringWidth from 'string-width'
import { type Paint, paintFor } from './paint.ts'
import { fenced, visibleBlock, visibleJson } from './terminal-text.ts'

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
  /** False: no colours and no animation, even on a terminal. */
  readonly colours: boolean
  /** True: data and errors only. */
  readonly quiet: boolean
}

/** The progress of a long operation, shown on stderr. */
export interface Progress {
  /** Report that `count` more items are done. */
  advance(count: number): void
  end(): void
}

const DEFAULT_COLUMNS = 80

/**
 * Writes data to stdout; messages, errors and progress to stderr, so that a pipe gets data only. Of control characters,
 * only line feeds and our own colours reach a terminal, whatever the text contains.
 */
export class Output {
  /** Paints for stdout. */
  readonly paint: Paint
  /** Paints for stderr. */
  readonly errorPaint: Paint
  readonly #options: OutputOptions
  #framed = false

  constructor(options: OutputOptions) {
    this.#options = options
    this.paint = paintFor(options.colours && options.stdout.isTTY === true)
    this.errorPaint = paintFor(options.colours && options.stderr.isTTY === true)
  }

  /** Whether stdout is a terminal. */
  get isTerminal(): boolean {
    return this.#options.stdout.isTTY === true
  }

  get columns(): number {
    return this.#options.stdout.columns || DEFAULT_COLUMNS
  }

  /** Write data for people, of one line or several. */
  print(text: string): void {
    this.#options.stdout.write(`${this.isTerminal ? fenced(text) : visibleBlock(text)}\n`)
  }

  /** Write one JSON document, on one line if `oneLine`, so that more documents can follow. */
  json(document: unknown, options: { oneLine?: boolean } = {}): void {
    const text = JSON.stringify(document, undefined, options.oneLine === true ? undefined : 2)
    this.#options.stdout.write(`${visibleJson(text)}\n`)
  }

  /** Replace what the last call showed by `text`, cut at the height of the terminal. Elsewhere, print it below. */
  frame(text: string): void {
    if (!this.isTerminal || !this.#options.colours) {
      this.print(this.#framed ? `\n${text}` : text)
    } else {
      const { columns, rows } = this.#options.stdout
      const lines = fitting(fenced(text).split('\n'), columns || DEFAULT_COLUMNS, rows || Number.POSITIVE_INFINITY)
      // One write that clears nothing first: the terminal shows the old frame or the new one, never an empty screen.
      const start = this.#framed ? '\x1b[H' : '\x1b[2J\x1b[H'
      this.#options.stdout.write(`${start}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`)
    }
    this.#framed = true
  }

  /** Write a message to stderr, unless quiet. */
  say(text: string): void {
    if (!this.#options.quiet) this.log(text)
  }

  /** Write an error to stderr. */
  error(text: string): void {
    this.log(`${this.errorPaint.red('Error:')} ${text}`)
  }

  /** Write a line to stderr. */
  log(text: string): void {
    const { stderr } = this.#options
    stderr.write(`${stderr.isTTY === true ? fenced(text) : visibleBlock(text)}\n`)
  }

  /** Show a progress bar on a terminal, unless quiet; elsewhere show nothing. */
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

/** The lines that a terminal can show without scrolling: lines that have scrolled away cannot be replaced. */
function fitting(lines: readonly string[], columns: number, rows: number): readonly string[] {
  const heights = lines.map((line) => Math.max(1, Math.ceil(stringWidth(line) / columns)))
  const ends = heights.map((_, index) => heights.slice(0, index + 1).reduce((sum, height) => sum + height, 0))
  // The cursor is below the last line.
  if ((ends.at(-1) ?? 0) < rows) return lines
  const shown = ends.filter((end) => end < rows - 1).length
  return [...lines.slice(0, shown), `... ${lines.length - shown} more lines`]
}
