// Gives everything below /api to Python.
export default defineEventHandler((event) => python.fetch(toWebRequest(event), {
  prefix: '/api',
  socket: event.node.req.socket // the client's address, and whether it is still there
}))
