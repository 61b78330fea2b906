/**
 * What spans say about requests, in the semantic conventions of OpenTelemetry for HTTP (1.23 and
 * later). The query is left out, because it may contain secrets.
 */

import { SpanKind } from '@opentelemetry/api'

/** @typedef {import('../observe/request-record.js').RequestRecord} RequestRecord */
/** @typedef {import('@opentelemetry/api').Attributes} Attributes */

/** Of the semantic conventions; others count as _OTHER. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE',
  'PATCH'])

/**
 * @param {RequestRecord} request
 * @param {SpanKind} kind
 * @returns {Attributes} those that are undefined are left out
 */
export function startAttributes (request, kind) {
  const { method, scheme, path, client, server, httpVersion, headers, type } = request
  const isKnown = METHODS.has(method)
  const host = headers.get('host') ?? server?.address
  return {
    'http.request.method': isKnown ? method : '_OTHER',
    'http.request.method_original': isKnown ? undefined : method,
    'url.scheme': scheme,
    'url.path': path,
    'url.full': kind === SpanKind.CLIENT ? `${scheme}://${host ?? 'localhost'}${path}` : undefined,
    'server.address': server?.address,
    'server.port': server?.port ?? undefined,
    'client.address': client?.address,
    'network.protocol.name': type,
    'network.protocol.version': httpVersion,
    'user_agent.original': headers.get('user-agent') ?? undefined
  }
}

/**
 * @param {RequestRecord} request that has ended
 * @returns {Attributes}
 */
export function endAttributes ({ status, error, outcome, queued, worker, pid, retries }) {
  return {
    'http.response.status_code': status === 0 ? undefined : status,
    'http.request.resend_count': retries === 0 ? undefined : retries,
    'error.type': errorType(status, error),
    'node_asgi.outcome': outcome ?? undefined,
    'node_asgi.queue_time_ms': queued,
    'node_asgi.worker': worker === 0 ? undefined : worker,
    'node_asgi.worker_pid': pid === 0 ? undefined : pid
  }
}

/**
 * @param {number} status
 * @param {any} error
 */
function errorType (status, error) {
  if (error !== null) return String(error?.code ?? error?.name ?? 'Error')
  return status >= 500 ? String(status) : undefined
}
