/** Renders an invoice. A real one would take seconds, and store the document. */
export async function render(invoice: string): Promise<{ invoice: string; pages: number }> {
  return { invoice, pages: 1 + (invoice.length % 3) }
}
