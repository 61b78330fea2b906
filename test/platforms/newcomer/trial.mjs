/**
 * What a system has to be able to do besides a first request: a WebSocket, a crash of a worker, a
 * reload. Prints a line for each, and ends by itself. With default options.
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { PythonHandler } from 'node-asgi'
import { WebSocket } from 'ws'

const python = new PythonHandler({ appTarget: 'trial:app' })
const server = createServer()
python.attach(server)
await once(server.listen(0, '127.0.0.1'), 'listening')
const address = `127.0.0.1:${server.address().port}`
const pid = async () => await (await fetch(`http://${address}/pid`)).json()

const socket = new WebSocket(`ws://${address}/echo`)
await once(socket, 'open')
socket.send('hello')
const [message] = await once(socket, 'message')
await once(socket, 'close')
if (String(message) === 'hello') console.log('websocket')

const crashed = await fetch(`http://${address}/crash`, { method: 'POST' })
if (crashed.status === 502 && await pid() > 0) console.log('crash')

const before = await pid()
await python.reload()
if (await pid() !== before) console.log('reload')

server.close()
