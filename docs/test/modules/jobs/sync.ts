export async function sync(user: string): Promise<string> {
  return user
}
