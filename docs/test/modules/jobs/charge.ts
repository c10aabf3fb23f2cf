export async function charge(_order: string): Promise<void> {}
