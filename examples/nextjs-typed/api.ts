import 'server-only'

import { PythonHandler } from 'node-asgi'
import createClient from 'openapi-fetch'

import type { paths } from './python'

// `next dev` evaluates this module again after a change, and gets the same handler.
const python = PythonHandler.shared({ workers: 1 })

/** Calls the application in main.py, in the process of Next.js. */
export const api = createClient<paths>({ fetch: python.fetch, baseUrl: 'http://python' })
