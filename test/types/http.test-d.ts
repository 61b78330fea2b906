import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { Headers, Request, Response } from 'node-asgi'
import { type Equal, expectTrue } from './expect.js'

declare const incoming: IncomingMessage

new Headers()
new Headers({ a: 'b', c: ['d', 'e'], f: 1 })
new Headers([['a', 'b']])
new Headers(['a', 'b'])
new Headers(new Map([['a', 'b']]))
new Headers(new globalThis.Headers())
new Headers(incoming.headers)
new Headers(incoming.rawHeaders)
const headers = new Headers(new Headers())
expectTrue<Equal<ReturnType<typeof headers.get>, string | null>>()
expectTrue<Equal<ReturnType<typeof headers.getAll>, string[]>>()
for (const [name, value] of headers) expectTrue<Equal<typeof name | typeof value, string>>()

// @ts-expect-error: a value must be a string or a number
headers.set('a', true)
// @ts-expect-error: the value is required
headers.add('a')

async function * pieces () { yield 'text'; yield Buffer.from('bytes') }

for (const body of ['text', Buffer.alloc(1), new Uint8Array(1), new ArrayBuffer(1), null,
  Readable.from([]), new ReadableStream(), pieces(), ['a', Buffer.alloc(1)]]) {
  new Request({ url: '/', body })
}
const request = new Request({ method: 'PUT', url: new URL('http://localhost/') })
expectTrue<Equal<typeof request.headers, Headers>>()
request.headers = { a: 'b' }
request.write('a').then(() => request.end(Buffer.from('b')))
new Request({ url: '/', body: incoming, headers: incoming.headers, socket: incoming.socket })

// @ts-expect-error: a body cannot be a number
new Request({ url: '/', body: 1 })
// @ts-expect-error: nor a list of numbers
new Request({ url: '/', body: [1] })
// @ts-expect-error: url must be a string or a URL
new Request({ url: 1 })

const response = new Response({ status: 201, headers: { a: 'b' }, body: 'text' })
expectTrue<Equal<typeof response.body, Buffer>>()
expectTrue<Equal<ReturnType<typeof response.text>, string>>()
// @ts-expect-error: status must be a number
new Response({ status: '200' })
