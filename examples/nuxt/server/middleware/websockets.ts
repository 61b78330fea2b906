// Gives WebSockets below /api to Python.
const sockets = fromNodeMiddleware(python.middleware({ prefix: '/api' }))

export default defineEventHandler((event) => {
  if (event.headers.get('upgrade') === 'websocket') return sockets(event)
})
