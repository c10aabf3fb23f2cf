type Brush = (text: string) => string

/** Colours on a terminal, nothing elsewhere. */
export interface Paint {
  readonly bold: Brush
  readonly dim: Brush
  readonly red: Brush
  readonly green: Brush
  readonly yellow: Brush
  readonly blue: Brush
  readonly cyan: Brush
}

const CODES: Readonly<Record<keyof Paint, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
}

const plain: Brush = (text) => text
const brush = ([on, off]: readonly [number, number]): Brush => {
  return (text) => (text === '' ? '' : `\x1b[${on}m${text}\x1b[${off}m`)
}

export function paintFor(colours: boolean): Paint {
  const of = (name: keyof Paint): Brush => (colours ? brush(CODES[name]) : plain)
  return {
    bold: of('bold'),
    dim: of('dim'),
    red: of('red'),
    green: of('green'),
    yellow: of('yellow'),
    blue: of('blue'),
    cyan: of('cyan'),
  }
}
