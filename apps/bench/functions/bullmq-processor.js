/** BullMQ's sandbox: one file, whose default export is the processor. */
export default async function processor() {
  return 1
}
