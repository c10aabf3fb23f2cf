/** The edits up to which a word still suggests another: one in three letters, at least one. */
const mostEdits = (word: string): number => Math.max(1, Math.floor(word.length / 3))

/** The known word that the user most likely meant, or undefined if none is near. */
export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  const wanted = fold(word)
  let best: string | undefined
  let fewest = mostEdits(wanted) + 1
  for (const candidate of known) {
    const edits = isBeginning(wanted, fold(candidate)) ? 1 : editDistance(wanted, fold(candidate))
    if (edits < fewest) {
      best = candidate
      fewest = edits
    }
  }
  return best
}

/** ` Did you mean 'worker'?`, or nothing. */
export function suggestion(word: string, known: Iterable<string>): string {
  const nearest = nearestWord(word, known)
  return nearest === undefined ? '' : ` Did you mean '${nearest}'?`
}

/** Whether a word is the beginning of another: `fail` suggests `failed`. */
const isBeginning = (word: string, whole: string): boolean => word.length >= 3 && whole.startsWith(word)
const fold = (word: string): string => word.toLowerCase().replaceAll(/[-_]/g, '')

/**
 * The number of letters to insert, drop, replace or swap with their neighbour to turn one word into the other. No
 * library: the small ones count a swap (`wroker`), the most common slip, as two edits.
 */
function editDistance(from: string, to: string): number {
  let before: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      const edits = [
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      ]
      if (from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
        edits.push((before[column - 2] ?? 0) + 1)
      current.push(Math.min(...edits))
    }
    before = previous
    previous = current
  }
  return previous[to.length] ?? 0
}
