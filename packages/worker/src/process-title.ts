/** Name this process, and return what gives it its old name back. Names of queues and workers are no secrets. */
export function titled(title: string): () => void {
  const before = process.title
  process.title = title
  return () => {
    process.title = before
  }
}
