import { PythonHandler } from 'node-asgi'

/**
 * The FastAPI application in main.py. Next.js evaluates this module several times, and gets the
 * same handler each time. Python starts with the first call, so `next build` needs no Python.
 */
export const python = () => PythonHandler.shared({
  workers: 1, // the items of this example are in the memory of one process
  watch: process.env.NODE_ENV !== 'production' // reloads when a Python file changes
})
