/** A job: how many words a text has. Python calls it `words.count`. */
export function count(text, { shortest = 1 } = {}) {
  return text.split(/\s+/).filter((word) => word.length >= shortest).length
}
