/**
 * The dashboard of a handler: a request listener that can be mounted anywhere, because the last
 * part of a path decides. It is loaded when a program first asks for it, and records from then on.
 */

import { createAccess } from './access.js'
import { pageFile } from './files.js'
import { LocalSource } from './local-source.js'
import { MAX_VIEWERS, Viewers } from './viewers.js'

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:http').ServerResponse} ServerResponse */
/** @typedef {import('./access.js').Verdict} Verdict */
/** @typedef {import('./parts.js').Parts} Parts */
/** @typedef {import('./parts.js').Source} Source */

/** Nothing from elsewhere, no inline code, and no frame around it. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
  "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'"

const HEADERS = {
  'cache-control': 'no-store, no-transform',
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY'
}

/** Of URLs that are only paths. */
const BASE = 'http://dashboard'

const TEXT = 'text/plain; charset=utf-8'
const JSON_TYPE = 'application/json'

/**
 * @param {Parts} parts
 * @returns {ReturnType<typeof serveDashboard>}
 */
export function createDashboard (parts) {
  return serveDashboard(new LocalSource(parts), parts.settings.dashboard.token)
}

/**
 * @param {Source} source
 * @param {string | undefined} token
 * @returns {(req: IncomingMessage, res: ServerResponse) => Promise<void>}
 */
export function serveDashboard (source, token) {
  const viewers = new Viewers(source)
  const mayEnter = createAccess(token)

  /** @type {(req: IncomingMessage, res: ServerResponse) => unknown} */
  const answer = (req, res) => {
    for (const [name, value] of Object.entries(HEADERS)) res.setHeader(name, value)
    const target = urlOf(req)
    if (!URL.canParse(target, BASE)) return send(res, 400, TEXT, 'Bad request\n')
    const url = new URL(target, BASE)
    const name = url.pathname.slice(url.pathname.lastIndexOf('/') + 1)
    const verdict = mayEnter(req, url)
    if (verdict !== null) return refuse(res, verdict, name)
    if (req.method === 'POST') return act(source, name, res, url)
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.setHeader('allow', 'GET, HEAD, POST')
      return send(res, 405, TEXT, 'Method not allowed\n')
    }
    if (name === 'events') return watch(viewers, req, res)
    if (name === 'failure') return tell(source, res, url)
    const file = pageFile(name)
    // The page names its files relative to itself, so its path has to end with a slash.
    if (file === null) return redirect(res, `./${name}/`)
    send(res, 200, file.type, file.content)
  }

  return async (req, res) => {
    try {
      await answer(req, res)
    } catch (error) {
      if (res.headersSent) res.destroy()
      else send(res, 500, TEXT, `${/** @type {Error} */ (error).message}\n`)
    }
  }
}

/**
 * The path that the client has asked for. Frameworks remove what the dashboard is mounted under.
 * @param {IncomingMessage} req
 */
function urlOf (req) {
  const { originalUrl, url } = /** @type {any} */ (req)
  const path = typeof originalUrl === 'string' ? originalUrl : url
  // Two slashes would begin with a host.
  return path.replace(/^\/+/, '/')
}

/**
 * @param {Source} source
 * @param {string} action
 * @param {ServerResponse} res
 * @param {URL} url
 */
async function act (source, action, res, url) {
  const result = await source.act(action, url.searchParams.get('worker') ?? '')
  if (result === undefined) return send(res, 404, TEXT, 'There is no such action.\n')
  if (result === null) return send(res, 404, TEXT, 'There is no such worker any more.\n')
  send(res, 200, JSON_TYPE, JSON.stringify(result))
}

/**
 * @param {Source} source
 * @param {ServerResponse} res
 * @param {URL} url
 */
async function tell (source, res, url) {
  const text = await source.failure(url.searchParams.get('id') ?? '')
  if (text === null) return send(res, 404, TEXT, 'This failure is no longer among the last ones.\n')
  send(res, 200, TEXT, text)
}

/**
 * @param {Viewers} viewers
 * @param {IncomingMessage} req
 * @param {ServerResponse} res
 */
function watch (viewers, req, res) {
  if (viewers.size >= MAX_VIEWERS) {
    return send(res, 503, TEXT, `${MAX_VIEWERS} pages are open, which is the limit.\n`)
  }
  res.setHeader('content-type', 'text/event-stream')
  res.setHeader('x-accel-buffering', 'no')
  // Kept for another request, the connection would keep its server from closing.
  if (req.httpVersionMajor === 1) res.setHeader('connection', 'close')
  if (req.method === 'HEAD') res.end()
  else viewers.add(req, res)
}

/**
 * @param {ServerResponse} res
 * @param {Exclude<Verdict, null>} verdict
 * @param {string} name
 */
function refuse (res, verdict, name) {
  if ('cookie' in verdict) {
    res.setHeader('set-cookie', verdict.cookie)
    return redirect(res, `./${name === '' ? '' : `${name}/`}`)
  }
  if (verdict.status === 401) res.setHeader('www-authenticate', 'Bearer')
  send(res, verdict.status, TEXT, `${verdict.message}\n`)
}

/**
 * @param {ServerResponse} res
 * @param {string} place relative, so that nobody needs to know where the dashboard is mounted
 */
function redirect (res, place) {
  res.setHeader('location', place)
  send(res, 303, TEXT, '')
}

/**
 * @param {ServerResponse} res
 * @param {number} status
 * @param {string} type
 * @param {string | Buffer} content
 */
function send (res, status, type, content) {
  res.statusCode = status
  res.setHeader('content-type', type)
  res.setHeader('content-length', Buffer.byteLength(content))
  res.end(content)
}
