/** The number of words in the document at `url`. An ordinary exported function. */
export async function countWordsAtUrl(url: string): Promise<number> {
  const response = await fetch(url)
  const text = await response.text()
  return text.split(/\s+/).filter((word) => word !== '').length
}

/** The same, with options whose names are also options of `enqueue`. */
export async function countWordsWith(url: string, options: { description: string; ttl: number }): Promise<string> {
  return `${options.description}, ${options.ttl}: ${await countWordsAtUrl(url)} words`
}
