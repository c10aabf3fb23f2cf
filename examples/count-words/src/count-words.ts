/** The number of words in the document at `url`. */
export async function countWordsAtUrl(url: string): Promise<number> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status} ${response.statusText}`)
  const text = await response.text()
  return text.split(/\s+/).filter((word) => word !== '').length
}
