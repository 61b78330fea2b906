import python from 'node-asgi/vite'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [python({ prefix: '/api', python: { appTarget: 'main:app' } })]
})
