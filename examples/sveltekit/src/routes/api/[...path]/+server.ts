// Gives everything below /api to Python.
import type { RequestHandler } from '@sveltejs/kit'

import { python } from '#lib/server/python.ts'

export const fallback: RequestHandler = ({ request, getClientAddress }) => python.fetch(request, {
  prefix: '/api',
  socket: { remoteAddress: getClientAddress() }
})
