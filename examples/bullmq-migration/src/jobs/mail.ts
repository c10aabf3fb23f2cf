export async function welcome({ to }: { to: string }): Promise<string> {
  return `welcomed ${to}`
}

export async function remind({ to }: { to: string }): Promise<string> {
  return `reminded ${to}`
}
