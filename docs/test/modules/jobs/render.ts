export async function render(_invoice: string): Promise<void> {}
