/** Python below a route handler, which gets a Request of the web and returns a Response. */
const handler = (request) => globalThis.python.fetch(request)

export { handler as DELETE, handler as GET, handler as HEAD, handler as POST }
export const dynamic = 'force-dynamic'
