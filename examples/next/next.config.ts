import type { NextConfig } from 'next'

const config: NextConfig = {
  // rq stays a package, so that all routes share one connection to Redis, also when `next dev` loads them again.
  serverExternalPackages: ['rq'],
}

export default config
