import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { ACTION_HEADER, createAccess } from '../../../addon/lib/dashboard/access.js'

const TOKEN = '0123456789abcdef'

/** @returns 'ok', 'cookie', or the status of the refusal */
function verdict (access, { method = 'GET', headers = {}, address = '127.0.0.1', url = '/' } = {}) {
  const req = {
    method,
    headers: { host: 'localhost:8001', ...headers },
    socket: { remoteAddress: address }
  }
  const given = access(req, new URL(url, 'http://dashboard'))
  return given === null ? 'ok' : given.status ?? 'cookie'
}

describe('without a token', () => {
  const access = createAccess(undefined)

  it('this machine has access, under its own names', () => {
    const hosts = ['localhost', 'localhost:80', 'LOCALHOST:80', '127.0.0.1:8001', '127.1.2.3',
      '[::1]:8001', 'app.localhost:3000']
    for (const host of hosts) assert.equal(verdict(access, { headers: { host } }), 'ok', host)
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
      assert.equal(verdict(access, { address }), 'ok', address)
    }
    assert.equal(verdict(access, { headers: { ':authority': '[::1]:1', host: undefined } }), 'ok')
  })

  it('others have none', () => {
    for (const address of ['10.0.0.1', '::2', '1127.0.0.1', '::ffff:10.0.0.1', undefined, '']) {
      assert.equal(verdict(access, { address: address ?? null }), 403, address)
    }
  })

  it('a name of somebody else that leads here (DNS rebinding) is refused', () => {
    const hosts = ['evil.example', 'evil.example:8001', 'localhost.evil.example', '127.0.0.1.evil',
      'evil.example/localhost', 'localhost@evil', '0.0.0.0', '', 'notlocalhost', 'a b.localhost']
    for (const host of hosts) assert.equal(verdict(access, { headers: { host } }), 403, host)
  })

  it('what comes through a proxy is refused', () => {
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'x-forwarded-host']) {
      assert.equal(verdict(access, { headers: { [name]: '127.0.0.1' } }), 403, name)
    }
  })
})

describe('with a token', () => {
  const access = createAccess(TOKEN)
  const remote = { address: '192.0.2.1', headers: { host: 'app.example' } }

  it('whoever has it has access, and nobody else', () => {
    assert.equal(verdict(access), 401, 'this machine neither')
    assert.equal(verdict(access, remote), 401)
    for (const authorization of ['Bearer x', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, 'Bearer',
      `Bearer ${TOKEN.slice(1)}`]) {
      assert.equal(verdict(access, { ...remote, headers: { authorization } }), 401, authorization)
    }
    assert.equal(verdict(access, { ...remote, headers: { authorization: `Bearer ${TOKEN}` } }),
      'ok')
  })

  it('is exchanged once for a cookie, from which it cannot be learnt', () => {
    assert.equal(verdict(access, { ...remote, url: '/?token=wrong' }), 401)
    assert.equal(verdict(access, { ...remote, url: `/?token=${TOKEN}`, method: 'POST' }), 401)
    assert.equal(verdict(access, { ...remote, url: `/?token=${TOKEN}` }), 'cookie')
    const req = { method: 'GET', headers: { host: 'app.example' }, socket: { encrypted: true } }
    const { cookie } = access(req, new URL(`http://x/?token=${TOKEN}`))
    assert.match(cookie, /^node-asgi-dashboard=\w{64}; HttpOnly; SameSite=Strict; Secure$/)
    assert.ok(!cookie.includes(TOKEN))
    const [value] = cookie.split(';')
    for (const [sent, expected] of [[value, 'ok'], [`a=b; ${value}`, 'ok'],
      [`${value.slice(0, -1)}`, 401], [`x${value}`, 401], [`node-asgi-dashboard=${TOKEN}`, 401]]) {
      assert.equal(verdict(access, { ...remote, headers: { cookie: sent } }), expected, sent)
    }
  })

  it('another token makes another cookie', () => {
    const req = { method: 'GET', headers: {}, socket: {} }
    const other = 'f'.repeat(16)
    assert.notDeepEqual(createAccess(other)(req, new URL(`http://x/?token=${other}`)),
      access(req, new URL(`http://x/?token=${TOKEN}`)))
  })
})

describe('other sites', () => {
  const access = createAccess(undefined)
  const own = { [ACTION_HEADER]: '1' }

  it('cannot press a button', () => {
    const post = (headers) => verdict(access, { method: 'POST', headers })
    assert.equal(post({}), 403, 'a form of another site can send this')
    assert.equal(post(own), 'ok')
    assert.equal(post({ ...own, origin: 'http://localhost:8001' }), 'ok')
    assert.equal(post({ ...own, origin: 'http://evil.example' }), 403)
    assert.equal(post({ ...own, origin: 'http://localhost:9999' }), 403)
    assert.equal(post({ ...own, origin: 'null' }), 403)
    assert.equal(post({ ...own, 'sec-fetch-site': 'same-site' }), 403)
    assert.equal(post({ ...own, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }),
      403)
    assert.equal(post({ ...own, 'sec-fetch-site': 'same-origin' }), 'ok')
  })

  it('can lead here with a link, and ask for nothing else', () => {
    const get = (headers) => verdict(access, { headers })
    assert.equal(get({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }), 'ok')
    assert.equal(get({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }), 403)
    assert.equal(get({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }), 403)
    assert.equal(get({ origin: 'http://evil.example' }), 403)
    assert.equal(get({ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }), 'ok')
  })
})
