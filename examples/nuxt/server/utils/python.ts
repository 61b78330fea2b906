import { PythonHandler } from 'node-asgi'

// `nuxt dev` evaluates this module again after a change, and gets the same handler.
export const python = PythonHandler.shared({
  workers: 1 // main.py counts in memory
})
