import type { Middleware } from './http.js'
import type { HandlerState } from './observation.js'
import type { EndpointState } from './remote.js'

/** Whether requests may be sent, as `/readyz` answers it in JSON. */
export interface Readiness {
  /** Whether at least one worker or endpoint takes requests, and it is neither closing nor suspended. */
  ready: boolean
  /** Why it is not ready; `null` if it is. */
  reason: string | null
  /** The code of the error because of which there is no worker or endpoint, or `null`. */
  code: string | null
  /** The state of the handler. */
  state: HandlerState
  /** The number of workers in each state. */
  workers: Record<'starting' | 'ready' | 'draining', number>
  /** The number of endpoints in each state; only with the option `remote`. */
  endpoints?: Record<EndpointState, number>
  /** The number of requests that wait for a worker or an endpoint. */
  queued: number
}

/**
 * A listener that answers `/livez` and `/readyz`. For other paths it calls `next()`, or answers 404
 * if there is no `next`. It takes GET and HEAD.
 */
export interface Health extends Middleware {
  /** Answers 200, whatever the path, as long as the event loop of Node runs. */
  livez: Middleware
  /** Answers 200 or 503 with {@link Readiness}, whatever the path. */
  readyz: Middleware
  /** What `readyz` answers. */
  check (): Readiness
  /**
   * From now on it is not ready, although the handler takes requests. Call it some time before you
   * stop a server, so that load balancers send no more requests to it.
   * @param reason what `readyz` shows
   */
  suspend (reason?: string): void
  /** Ends `suspend()`. */
  resume (): void
}
