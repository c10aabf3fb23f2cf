import { styleText } from 'node:util'

type Brush = (text: string) => string

const STYLES = ['bold', 'dim', 'red', 'green', 'yellow', 'blue', 'cyan'] as const

/** Colours on a terminal, nothing elsewhere. */
export type Paint = Readonly<Record<(typeof STYLES)[number], Brush>>

export function paintFor(colours: boolean): Paint {
  const brushes = STYLES.map((style): [string, Brush] => [style, colours ? brush(style) : (text) => text])
  return Object.fromEntries(brushes) as Paint
}

function brush(style: (typeof STYLES)[number]): Brush {
  // The output knows its stream and what the user wants; styleText would look at stdout and at the process's
  // environment.
  return (text) => (text === '' ? '' : styleText(style, text, { validateStream: false }))
}
