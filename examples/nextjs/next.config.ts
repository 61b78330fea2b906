import type { NextConfig } from 'next'

const config: NextConfig = {
  serverExternalPackages: ['node-asgi'], // it has native files, which no bundle can contain
  output: process.env.STANDALONE ? 'standalone' : undefined // set in the Dockerfile
}

export default config
