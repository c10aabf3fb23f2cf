const { hostname, port } = new URL(process.env.RQ_REDIS_URL ?? 'redis://localhost:6379')

/** BullMQ takes no URL. */
export const bullConnection = { host: hostname, port: Number(port || 6379) }
