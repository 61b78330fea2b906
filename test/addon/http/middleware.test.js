import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'

import { createMiddleware } from '../../../addon/lib/http/middleware.js'

const ENDPOINT = { listen () {}, upgrade () {}, connect () {} }

function called (options, req) {
  const calls = []
  const endpoint = { ...ENDPOINT, listen: (req, res, arrival) => calls.push(['python', arrival]) }
  createMiddleware(endpoint, {}, options)(
    { socket: {}, httpVersionMajor: 1, httpVersion: '1.1', headers: {}, ...req },
    { writeHead () {} }, () => calls.push(['next']))
  return calls
}

test('a prefix leaves other requests to the next handler, whoever removed it from the url', () => {
  for (const [options, req, taken] of [
    [{ prefix: '/api' }, { url: '/api/x' }, true],
    [{ prefix: '/api/' }, { url: '/api?x' }, true],
    [{ prefix: '/api' }, { url: '/apix' }, false],
    [{ prefix: '/api' }, { url: '/x', originalUrl: '/api/x', baseUrl: '/api' }, true],
    [{ prefix: '/api' }, { url: '/x', originalUrl: '/other/x', baseUrl: '/other' }, false],
    [{}, { url: '/x' }, true]
  ]) assert.equal(called(options, req)[0][0], taken ? 'python' : 'next', JSON.stringify(req))
})

test('nothing is passed on unless that was asked for', () => {
  assert.equal(called({}, { url: '/' })[0][1].pass, undefined)
  const { pass } = called({ notFound: 'next' }, { url: '/' })[0][1]
  assert.deepEqual([pass.notFound, pass.errors], [true, false])
})

test('each path below a pattern such as /:tenant was remembered for ever', () => {
  let reads = 0
  const middleware = createMiddleware(ENDPOINT, {})
  const server = new EventEmitter()
  const arrive = (tenant) => middleware({
    socket: { server },
    httpVersionMajor: 1,
    headers: {},
    url: '/x',
    originalUrl: `/${tenant}/x`,
    get baseUrl () {
      reads++
      return `/${tenant}`
    }
  }, { writeHead () {} }, () => {})
  for (let i = 0; i < 1000; i++) arrive(i)
  assert(reads < 500, `${reads} paths`)
})

test('mistakes in the options are found when the middleware is made', () => {
  for (const [options, option] of [
    [{ prefix: 'api' }, 'prefix'], [{ notFound: true }, 'notFound'], [{ errors: 'log' }, 'errors'],
    [{ scope: 'ada' }, 'scope'], [{ notfound: 'next' }, 'notfound'], ['/api', 'options']
  ]) {
    assert.throws(() => createMiddleware(ENDPOINT, {}, options),
      { code: 'ERR_INVALID_OPTION', option })
  }
})
