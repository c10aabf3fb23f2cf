export async function importRows(_file: string): Promise<number> {
  return 0
}
