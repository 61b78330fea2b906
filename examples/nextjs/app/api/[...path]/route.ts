import { python } from '../../../lib/python.mjs'

/** FastAPI serves everything below /api, also /api/docs. */
function handler (request: Request) {
  // Next.js sets this header, unless a proxy has.
  const remoteAddress = request.headers.get('x-forwarded-for')?.split(',')[0]
  return python().fetch(request, { prefix: '/api', socket: { remoteAddress } })
}

export {
  handler as DELETE, handler as GET, handler as HEAD, handler as OPTIONS, handler as PATCH,
  handler as POST, handler as PUT
}
