export async function send(_to: string): Promise<void> {}

export async function welcome(_to: string): Promise<void> {}
