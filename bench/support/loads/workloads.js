// The workloads of bench/apps/work_app.py: the request for each, and the expected response.

const ITEM = JSON.stringify({
  name: 'Lamp',
  price: 39.9,
  quantity: 3,
  tags: ['light', 'desk'],
  maker: { name: 'Acme', country: 'DE' }
})
const hello = text => text === 'Hello, world!'

/**
 * @typedef {object} Workload
 * @property {string} title
 * @property {string} path
 * @property {string} [method]
 * @property {{ [name: string]: string }} [headers]
 * @property {[piece: string, times: number]} [body]
 * @property {(text: string) => boolean} [isRight] checks the body of the response
 * @property {boolean} [socket] whether it uses a WebSocket
 * @property {number} [most] the most requests in flight; more would take longer than a round, or
 *   measure memory only
 */

/** @type {{ [name: string]: Workload }} */
export const workloads = {
  hello: { title: 'Hello world', path: '/', isRight: hello },
  'fastapi-hello': {
    title: 'FastAPI, hello world',
    path: '/hello',
    isRight: text => text === '{"hello":"world"}'
  },
  fastapi: {
    title: 'FastAPI with validation',
    path: '/shops/7/items?currency=EUR',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: [ITEM, 1],
    isRight: text => JSON.parse(text).total === 39.9 * 3
  },
  await: { title: '5 ms of await', path: '/await', isRight: hello },
  cpu: { title: '5 ms of CPU', path: '/cpu', isRight: hello, most: 64 },
  'body-1k': { title: '1 KB echo', ...echo(1024) },
  'body-1m': { title: '1 MB echo', ...echo(2 ** 20), most: 64 },
  stream: {
    title: 'Streaming, 64 × 1 KB', path: '/stream', isRight: text => text === 'x'.repeat(65536)
  },
  websocket: { title: 'WebSocket messages', path: '/ws', socket: true }
}

function echo (bytes) {
  return {
    path: '/echo',
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: ['x', bytes],
    isRight: text => text === 'x'.repeat(bytes)
  }
}

/** The request as handleRequest() takes it. */
export const requestOf = ({ method = 'GET', path, headers, body }) =>
  ({ method, url: path, headers, body: bodyOf({ body }) })

/** The body of a request as one string. */
export const bodyOf = ({ body }) => body && body[0].repeat(body[1])
