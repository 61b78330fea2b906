// The requests and WebSockets of bench/scale.js to bench/apps/scale_app.py.
const ANSWER = 'Hello, world!'

export async function sayHello (handler) {
  check(await handler.handleRequest({ url: '/' }))
}

function check ({ status, body }) {
  if (status !== 200 || body.toString() !== ANSWER) {
    throw new Error(`the app answered ${status} ${body}`)
  }
}

/** Starts `count` requests that wait; returns a function that releases and checks them. */
export async function openStreams (handler, count) {
  const waiting = Array.from({ length: count }, () => handler.handleRequest({ url: '/wait' }))
  await sayHello(handler) // Requests arrive in order: now all of them wait.
  return async () => {
    const { inFlight } = handler.stats()
    if (inFlight !== count) throw new Error(`${inFlight} of ${count} requests are waiting`)
    await handler.handleRequest({ url: '/release' })
    for (const answer of await Promise.all(waiting)) check(answer)
  }
}

/**
 * Opens `count` WebSockets. Each expects its echoes in the order of its messages.
 * @param {number} clients the number of callers of `message`
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
  /** Sends on the next socket of a client's share of the sockets, in turn. */
  const message = client => new Promise((resolve, reject) => {
    const { connection, expected } = sockets[(client + clients * next[client]++) % count]
    const text = `message ${sent++}`
    expected.push({ text, resolve, reject })
    connection.send(text)
  })
  const close = () => Promise.all(sockets.map(({ connection, expected }) =>
    new Promise((resolve, reject) => {
      if (expected.length > 0) reject(new Error(`${expected.length} messages were not echoed`))
      connection.onclose = resolve
      connection.close()
    })))
  return { message, close }
}
