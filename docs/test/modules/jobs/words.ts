export async function countWords(_url: string): Promise<number> {
  return 0
}
