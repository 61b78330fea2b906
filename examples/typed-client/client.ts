import { PythonHandler } from 'node-asgi'
import createClient from 'openapi-fetch'

import type { paths } from './python.js'

const python = new PythonHandler({ workers: 1 })
// The URL needs a host, because Node makes no Request of a path. No request leaves the process.
const api = createClient<paths>({ fetch: python.fetch, baseUrl: 'http://python' })

const { data: teapot } = await api.POST('/items', { body: { name: 'teapot', price: 12.5 } })
const { data: item, error } = await api.GET('/items/{item_id}', {
  params: { path: { item_id: teapot?.id ?? 0 } }
})
if (item === undefined) throw new Error(JSON.stringify(error))
console.log(`${item.name}: ${item.price.toFixed(2)}`)

await python.close()
