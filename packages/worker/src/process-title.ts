/** Set the process title. Returns a function that restores the old one. Names of queues and workers are not secret. */
export function titled(title: string): () => void {
  const before = process.title
  process.title = title
  return () => {
    process.title = before
  }
}
