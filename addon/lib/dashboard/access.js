/**
 * Who may see the dashboard. Without a token, only this machine; with one, whoever has it.
 *
 * Other pages in the operator's browser are the danger on this machine. They cannot read what the
 * dashboard answers, but a name of their own may lead here (DNS rebinding), so the name has to be
 * one of this machine; and they can send requests, so what changes something needs a header that
 * they cannot send without asking.
 */

import { createHash, timingSafeEqual } from 'node:crypto'

import { optionName } from '../util/option-name.js'

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */

/** The header of requests that change something. */
export const ACTION_HEADER = 'x-node-asgi-dashboard'

const COOKIE = 'node-asgi-dashboard'

const LOOPBACK_ADDRESS = /^(?:::ffff:)?127\.|^::1$/
const LOOPBACK_HOST = /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$|^::1$/i

/** What proxies add: the client is somewhere else. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via']

/** @param {string} host as in a URL, or an IPv6 address without the brackets */
export function isLoopbackHost (host) {
  return LOOPBACK_HOST.test(host)
}

/**
 * What to do with a request:
 * - `null`: it may have what it asks for;
 * - a `cookie`: its token is right, and is exchanged for a cookie;
 * - otherwise it is refused.
 * @typedef {null | { cookie: string } | { status: number, message: string }} Verdict
 */

/**
 * @param {string | undefined} token
 * @returns {(req: IncomingMessage, url: URL) => Verdict}
 */
export function createAccess (token) {
  const authenticate = token === undefined ? refuseOthers : withToken(token)
  return (req, url) => authenticate(req, url) ?? refuseForeign(req)
}

/**
 * @param {IncomingMessage} req
 * @returns {Verdict}
 */
function refuseOthers (req) {
  const { headers, socket } = req
  if (!LOOPBACK_ADDRESS.test(socket.remoteAddress ?? '')) {
    return refusal(403, 'Without a token, the dashboard is open to this machine only. ' +
      `Set ${optionName('dashboard.token')} to open it to others.`)
  }
  const proxied = PROXY_HEADERS.find((name) => headers[name] !== undefined)
  if (proxied !== undefined) {
    return refusal(403, `The request came through a proxy (it has the header ${proxied}), and ` +
      `the dashboard has no token. Set ${optionName('dashboard.token')}.`)
  }
  if (!isLoopbackHost(hostOf(req))) {
    return refusal(403, 'Without a token, the dashboard answers only as localhost or 127.0.0.1. ' +
      `Use one of these names, or set ${optionName('dashboard.token')}.`)
  }
  return null
}

/**
 * @param {string} token
 * @returns {(req: IncomingMessage, url: URL) => Verdict}
 */
function withToken (token) {
  const expected = digest(token)
  // Whoever steals the cookie does not have the token.
  const cookie = digest(`${COOKIE}\0${token}`).toString('hex')
  const expectedCookie = digest(cookie)
  return (req, url) => {
    const { authorization, cookie: cookies = '' } = req.headers
    const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (bearer !== undefined && timingSafeEqual(digest(bearer), expected)) return null
    const own = new RegExp(`(?:^|; *)${COOKIE}=([0-9a-f]+)`).exec(cookies)?.[1]
    if (own !== undefined && timingSafeEqual(digest(own), expectedCookie)) return null
    const given = url.searchParams.get('token')
    if (req.method === 'GET' && given !== null && timingSafeEqual(digest(given), expected)) {
      const secure = /** @type {any} */ (req.socket).encrypted === true ? '; Secure' : ''
      return { cookie: `${COOKIE}=${cookie}; HttpOnly; SameSite=Strict${secure}` }
    }
    return refusal(401, 'The dashboard needs its token: open it once with ?token=… in the ' +
      'address, or send the header "Authorization: Bearer …".')
  }
}

/**
 * A page of another site has caused the request.
 * @param {IncomingMessage} req
 * @returns {Verdict}
 */
function refuseForeign (req) {
  const { headers, method } = req
  const site = headers['sec-fetch-site'] ?? 'none'
  const { origin } = headers
  const isForeign = (site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && hostOfOrigin(origin) !== hostOf(req).toLowerCase())
  if (method === 'GET' || method === 'HEAD') {
    // A link from elsewhere may lead here.
    if (!isForeign || headers['sec-fetch-mode'] === 'navigate') return null
    return refusal(403, 'Another site asks for the dashboard.')
  }
  if (isForeign || headers[ACTION_HEADER] === undefined) {
    return refusal(403, 'Only the dashboard itself can do this: another site has sent the ' +
      `request, or the header ${ACTION_HEADER} is missing.`)
  }
  return null
}

/**
 * @param {IncomingMessage} req
 * @returns {string}
 */
function hostOf ({ headers }) {
  return String(headers[':authority'] ?? headers.host ?? '')
}

/** @param {string} origin */
function hostOfOrigin (origin) {
  try {
    return new URL(origin).host
  } catch {
    return null
  }
}

/**
 * Of one length, so that a comparison takes the same time whatever is compared.
 * @param {string} text
 */
function digest (text) {
  return createHash('sha256').update(text).digest()
}

/**
 * @param {number} status
 * @param {string} message
 */
function refusal (status, message) {
  return { status, message }
}
