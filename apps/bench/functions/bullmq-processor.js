/** BullMQ's sandbox: one file, whose default export is the processor. */
// biome-ignore lint/style/noDefaultExport: what BullMQ imports
export default async function processor() {
  return 1
}
