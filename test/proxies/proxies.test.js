/**
 * Real proxies in front of a handler: what a client that lies about itself makes the application
 * believe. Proxies that are not installed are skipped; run.sh installs them.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { eventually, startPython } from '../support/harness.js'
import { freePort, isInstalled, startProxy } from './start-proxy.js'

/** Where the client connects from. The proxies connect from 127.0.0.1. */
const CLIENT = '127.0.0.3'

const LIES = {
  host: 'site.example',
  forwarded: 'for=6.6.6.6;proto=https;host=evil.example',
  'x-forwarded-for': '6.6.6.6',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-port': '1',
  'x-real-ip': '6.6.6.6'
}

/** What the application sees of a client. */
async function seen (port, headers) {
  const response = await new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, localAddress: CLIENT, headers, agent: false }, resolve)
      .on('error', reject)
  })
  assert.equal(response.statusCode, 200)
  const scope = JSON.parse((await response.setEncoding('utf8').toArray()).join(''))
  return {
    client: scope.client?.[0],
    scheme: scope.scheme,
    host: scope.headers.find(([name]) => name === 'host')[1]
  }
}

const HONEST = { client: CLIENT, scheme: 'http', host: 'site.example' }

/**
 * @param {string} program
 * @param {string} name
 * @param {object} options
 * @param {object} [options.python] options of the handler
 * @param {boolean} [options.unix] whether the proxy connects over a Unix socket
 * @param {string} [options.config] of the proxy, instead of its usual one
 * @param {Record<string, string>} [options.headers] of the client
 * @param {object} [options.expected]
 */
function behind (program, name,
  { python: options = {}, unix = false, config, headers = LIES, expected = HONEST }) {
  const skip = !isInstalled(program) && `${program} is missing; test/proxies/run.sh installs it`
  test(`${program}: ${name}`, { skip, timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'node-asgi-proxy-'))
    const python = startPython(
      { appTarget: 'scope_app:app', lifespan: 'off', trustProxy: '127.0.0.1', ...options })
    const server = createServer()
    python.attach(server)
    const path = join(folder, 'app.sock')
    const address = unix ? { path } : { port: 0, host: '127.0.0.1' }
    await once(server.listen(address), 'listening')
    const port = await freePort()
    const proxy = startProxy(program,
      { folder, port, upstream: unix ? path : server.address().port, config })
    try {
      await eventually(() => seen(port, { host: 'site.example' }), 20_000)
      assert.deepEqual(await seen(port, { host: 'site.example' }), HONEST)
      assert.deepEqual(await seen(port, headers), expected)
    } finally {
      await proxy.stop()
      server.closeAllConnections()
      server.close()
      await python.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

for (const program of ['nginx', 'haproxy', 'caddy']) {
  behind(program, "a client's own Forwarded, address, scheme and host were believed", {})
  behind(program, 'the same over a Unix socket', { unix: true })
  behind(program, 'a Forwarded that cannot be parsed made the client 127.0.0.1',
    { headers: { host: 'site.example', forwarded: ';;="' } })
}

const FORWARDED_NGINX = `
  proxy_set_header Host $host;
  proxy_set_header Forwarded "$http_forwarded, for=$remote_addr;proto=$scheme;host=$host";
`
for (const forwarded of ['for=6.6.6.6;proto=https;host=evil', ';;=', 'for="', 'for="6.6.6.6,']) {
  behind('nginx', `a proxy that adds to the Forwarded of a client, ${forwarded}`, {
    python: { proxyHeaders: ['forwarded'] },
    config: FORWARDED_NGINX,
    headers: { ...LIES, forwarded }
  })
}

behind('nginx', 'a proxy that says which host the client asked for', {
  python: { proxyHeaders: ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'] },
  config: `
    proxy_set_header Host inner.example;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $host;
  `
})

behind('haproxy', 'a proxy that reports nothing but the address', {
  python: { proxyHeaders: ['x-forwarded-for'] },
  config: 'option forwardfor'
})
