/** Stands for an export that takes a while. */
export async function exportData(tenant: string): Promise<string> {
  return `exported ${tenant}`
}

export async function deleteOldExports(days: number): Promise<string> {
  return `deleted what is older than ${days} days`
}
