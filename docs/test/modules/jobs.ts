export async function clean(): Promise<void> {}

export async function report(_period: string): Promise<void> {}
