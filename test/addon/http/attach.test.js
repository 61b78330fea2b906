import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { test } from 'node:test'

import { attach, detach } from '../../../addon/lib/http/attach.js'

function endpoint (name, calls) {
  return {
    listen: (req, res, { mount, keepsBody = false }) =>
      calls.push([name, req.url, mount, keepsBody]),
    upgrade: (req, socket, head, { mount }) => calls.push([name, req.url, mount]),
    connect: (req, res, { mount }) => calls.push([name, req.url, mount])
  }
}

function add (server, endpoint, prefix = '', owner = server) {
  attach(server, { arrival: { mount: prefix.replace(/\/$/, '') }, endpoint, owner })
}

test('the longest prefix that ends at a slash gets the request', () => {
  const calls = []
  const server = new EventEmitter()
  add(server, endpoint('root', calls))
  add(server, endpoint('a', calls), '/a/')
  add(server, endpoint('ab', calls), '/a/b')
  for (const url of ['/', '/a', '/a?x', '/a/b/c', '/ab', '/a/bc']) {
    server.emit('request', { url }, {})
  }
  assert.deepEqual(calls.map(([name, , mount]) => [name, mount]),
    [['root', ''], ['a', '/a'], ['a', '/a'], ['ab', '/a/b'], ['root', ''], ['a', '/a']])
})

test('requests below no prefix go to the listeners that were there before', () => {
  const calls = []
  const server = new EventEmitter()
  server.on('request', (req) => calls.push(['other', req.url]))
  server.on('upgrade', (req, socket, head) => calls.push(['other upgrade', req.url, head]))
  add(server, endpoint('app', calls), '/app')
  server.emit('request', { url: '/x' }, {})
  server.emit('request', { url: '/app/x' }, {})
  server.emit('upgrade', { url: '/x' }, {}, 'head')
  server.emit('upgrade', { url: '/app' }, {}, 'head')
  assert.deepEqual(calls, [['other', '/x'], ['app', '/app/x', '/app', false],
    ['other upgrade', '/x', 'head'], ['app', '/app', '/app']])
})

test('without other listeners: 404, and "100 Continue" for a client that waits for it', () => {
  const server = new EventEmitter()
  add(server, endpoint('app', []), '/app')
  const response = { end (text) { this.text = text } }
  server.emit('request', { url: '/' }, response)
  assert.deepEqual([response.statusCode, response.text], [404, 'Not Found\n'])
  const told = []
  const waiting = { writeContinue: () => told.push('continue'), end: () => told.push('end') }
  server.emit('checkContinue', { url: '/' }, waiting)
  assert.deepEqual(told, ['continue', 'end'])
})

test('the application decides when to send "100 Continue"', () => {
  const calls = []
  const server = new EventEmitter()
  add(server, endpoint('app', calls))
  server.emit('checkContinue', { url: '/' }, {})
  assert.deepEqual(calls, [['app', '/', '', true]])
})

/** Every listener of a server, by event, so that a difference is shown by name. */
const listenersOf = (server) =>
  Object.fromEntries(server.eventNames().map((event) => [event, server.rawListeners(event)]))

test('what detach() left behind: nothing', () => {
  for (const server of [createServer(() => {}), createSecureServer({}, () => {})]) {
    server.once('upgrade', () => {})
    const before = listenersOf(server)
    const settings = []
    if (server.updateSettings) server.updateSettings = (changed) => settings.push(changed)
    const owner = {}
    for (let i = 0; i < 20; i++) {
      add(server, endpoint('app', []), '/app', owner)
      add(server, endpoint('app', []), '', owner)
      assert.notDeepEqual(listenersOf(server), before)
      detach(server, owner)
      assert.deepEqual(listenersOf(server), before)
    }
    assert.deepEqual(settings.at(-1),
      server.updateSettings && { enableConnectProtocol: false })
  }
})

test('detach() leaves the handlers of others, and listeners that were added later', () => {
  const calls = []
  const server = new EventEmitter()
  const owners = [{}, {}]
  server.on('request', (req) => calls.push(['before', req.url]))
  add(server, endpoint('a', calls), '/a', owners[0])
  add(server, endpoint('b', calls), '/b', owners[1])
  server.on('request', (req) => calls.push(['later', req.url]))
  detach(server, owners[0])
  for (const url of ['/a', '/b']) server.emit('request', { url }, {})
  assert.deepEqual(calls.splice(0).map(([name]) => name), ['before', 'later', 'b', 'later'])
  detach(server, owners[1])
  detach(server, owners[1])
  server.emit('request', { url: '/b' }, {})
  assert.deepEqual(calls.map(([name]) => name), ['before', 'later'])
})

test('a listener that was added later got the WebSockets of a prefix, too', async () => {
  const calls = []
  const server = new EventEmitter()
  const owner = {}
  add(server, endpoint('app', calls), '/app', owner)
  const later = (req) => calls.push(['later', req.url])
  const taken = (req) => calls.push(['removed', req.url])
  server.on('upgrade', later).on('upgrade', taken).once('upgrade', later)
  server.prependListener('upgrade', (req) => calls.push(['observer', req.url]))
  await new Promise(setImmediate)
  server.off('upgrade', taken)
  for (const url of ['/app', '/other', '/other']) server.emit('upgrade', { url }, {}, 'head')
  assert.deepEqual(calls.splice(0).map(([name, url]) => `${name} ${url}`), [
    'observer /app', 'app /app',
    'observer /other', 'later /other', 'later /other',
    'observer /other', 'later /other'
  ])
  detach(server, owner)
  server.emit('upgrade', { url: '/app' }, {}, 'head')
  assert.deepEqual(calls.map(([name]) => name), ['observer', 'later'])
  assert.equal(server.listenerCount('newListener'), 0)
})

test('an endpoint takes only the events that it has functions for', () => {
  const calls = []
  const server = new EventEmitter()
  server.on('request', (req) => calls.push(['other', req.url]))
  const { upgrade } = endpoint('app', calls)
  add(server, { upgrade }, '/app')
  server.emit('request', { url: '/app' }, {})
  server.emit('upgrade', { url: '/app' }, {}, 'head')
  assert.deepEqual(calls, [['other', '/app'], ['app', '/app', '/app']])
  assert.deepEqual(server.eventNames(), ['request', 'upgrade', 'newListener'])
})
