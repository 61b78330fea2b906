import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** @type {import('next').NextConfig} */
export default {
  output: 'standalone',
  distDir: process.env.NEXT_DIST,
  outputFileTracingRoot: root,
  turbopack: { root },
  // What docs/bundlers.md says.
  ...process.env.NEXT_EXTERNAL === '1' && { serverExternalPackages: ['node-asgi'] }
}
