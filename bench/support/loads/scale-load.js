// What bench/scale.js asks of bench/apps/scale_app.py.
const ANSWER = 'Hello, world!'

export async function sayHello (handler) {
  check(await handler.handleRequest({ url: '/' }))
}

function check ({ status, body }) {
  if (status !== 200 || body.toString() !== ANSWER) {
    throw new Error(`the app answered ${status} ${body}`)
  }
}

/** Opens so many requests that wait; returns what releases and checks them. */
export async function openStreams (handler, count) {
  const waiting = Array.from({ length: count }, () => handler.handleRequest({ url: '/wait' }))
  await sayHello(handler) // They come in order: now all of them wait.
  return async () => {
    if (handler.stats().inFlight !== count) throw new Error('a stream that was to wait does not')
    await handler.handleRequest({ url: '/release' })
    for (const answer of await Promise.all(waiting)) check(answer)
  }
}

/**
 * Opens so many WebSockets; each takes the answers in the order of its messages.
 * @param {number} clients how many callers `message` has
 */
export async function openSockets (handler, count, clients) {
  const sockets = await Promise.all(Array.from({ length: count }, async () => {
    const connection = await handler.connect('/')
    const expected = []
    connection.onmessage = ({ data }) => {
      const { text, resolve, reject } = expected.shift()
      if (data === text) resolve()
      else reject(new Error(`sent ${text}, got ${data}`))
    }
    return { connection, expected }
  }))
  let sent = 0
  const next = new Array(clients).fill(0)
  /** Each client has a part of the sockets, and goes round in it. */
  const message = client => new Promise((resolve, reject) => {
    const { connection, expected } = sockets[(client + clients * next[client]++) % count]
    const text = `message ${sent++}`
    expected.push({ text, resolve, reject })
    connection.send(text)
  })
  const close = () => Promise.all(sockets.map(({ connection, expected }) =>
    new Promise((resolve, reject) => {
      if (expected.length > 0) reject(new Error('a message was not answered'))
      connection.onclose = resolve
      connection.close()
    })))
  return { message, close }
}
