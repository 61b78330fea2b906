import type { DiagnosticsChannels, ObservedRequest, PythonHandler } from 'node-asgi'
import { type Equal, expectTrue } from './expect.js'

declare function on<Name extends keyof DiagnosticsChannels> (
  name: Name, listener: (message: DiagnosticsChannels[Name]) => void): void

on('node-asgi:request:start', ({ handler, request }) => {
  expectTrue<Equal<typeof handler, PythonHandler | undefined>>()
  expectTrue<Equal<typeof request, ObservedRequest>>()
  request.setHeader('traceparent', request.headers.get('x') ?? '')
})
on('node-asgi:worker:exit', ({ worker, reason, handler }) => {
  expectTrue<Equal<typeof worker, number>>()
  expectTrue<typeof reason extends string ? true : false>()
  handler?.close()
})
on('node-asgi:app:error', ({ error, pid }) => {
  expectTrue<Equal<typeof error.traceback, string>>()
  expectTrue<Equal<typeof pid, number>>()
})
