import type { NextConfig } from 'next'

// node-asgi has native files, which no bundle can contain.
const config: NextConfig = { serverExternalPackages: ['node-asgi'] }

export default config
