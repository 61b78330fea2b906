import type { Traffic } from './traffic.js'

/**
 * Where the application runs: the address of an ASGI service, several of them in a list or with
 * commas between them, or an object with more. An address is `http://host:port`,
 * `https://host:port` or `unix:/path`, and may have a path, which is put before that of each
 * request. If a name has several addresses (A and AAAA records), each is an endpoint of its own.
 * The empty string and `undefined` leave the application in processes of this handler, so that a
 * variable can decide.
 */
export type Remote = string | URL | readonly (string | URL)[] | RemoteOptions

/** Where the application runs, and how to get there. */
export interface RemoteOptions {
  /** The address, or several. */
  url: string | URL | readonly (string | URL)[]

  /** For `https:` addresses. */
  tls?: RemoteTlsOptions

  /**
   * The `host` header that the application gets: `'client'` leaves it as the client sent it, so
   * that the application builds the URLs that the client knows; `'endpoint'` replaces it by the
   * address, which servers that tell sites apart by it need. The client's is then in
   * `x-forwarded-host`.
   * @defaultValue `'client'`
   */
  host?: 'client' | 'endpoint'

  /**
   * Milliseconds for a connection to be made, with TLS. At least 1.
   * @defaultValue 5000
   */
  connectTimeout?: number

  /**
   * Milliseconds until names are resolved again. They are, too, when an endpoint fails. At least 1.
   * @defaultValue 10000
   */
  resolveInterval?: number

  /**
   * A path of the service that answers with a status below 400 as long as it is well. It is not put
   * below the path of the address. Without it, an endpoint is well if it accepts connections.
   * @defaultValue undefined
   */
  healthPath?: string

  /**
   * Milliseconds between two health checks of an endpoint. At least 1.
   * @defaultValue 5000
   */
  healthInterval?: number

  /** When an endpoint gets no more requests, and for how long. */
  eject?: RemoteEjectOptions
}

/** PEM text, the bytes of it, or the path of a file that has it. */
export type Pem = string | Uint8Array

/** TLS to an ASGI service. */
export interface RemoteTlsOptions {
  /**
   * The certificate authorities that it is checked against.
   * @defaultValue those of Node
   */
  ca?: Pem | readonly Pem[]
  /** The certificate that is shown to it. Needs `key`. */
  cert?: Pem | readonly Pem[]
  /** The private key of `cert`. */
  key?: Pem | readonly Pem[]
  /** The password of `key`. */
  passphrase?: string
  /**
   * The name that its certificate must have.
   * @defaultValue the name in the address
   */
  servername?: string
}

/** When an endpoint of a remote application gets no more requests. */
export interface RemoteEjectOptions {
  /**
   * How many requests in a row may be lost or time out in an endpoint. The last one that takes
   * requests stays. An endpoint that refuses connections is out at once. At least 1.
   * @defaultValue 5
   */
  failures?: number
  /**
   * How long an endpoint is out, in milliseconds; doubles each time. At least 1.
   * @defaultValue 100
   */
  min?: number
  /**
   * The longest time that it is out, in milliseconds. At least 1.
   * @defaultValue 10000
   */
  max?: number
}

/**
 * The state of an endpoint:
 * - `connecting`: it has not answered yet;
 * - `up`: it takes requests;
 * - `out`: it has failed, and takes none for a while;
 * - `trial`: it has failed, and gets one request to show that it works again;
 * - `leaving`: its name has other addresses now, or the handler is closing. It finishes what it
 *   has.
 */
export type EndpointState = 'connecting' | 'up' | 'out' | 'trial' | 'leaving'

/** One endpoint of a remote application, as {@link PythonHandler.stats} describes it. */
export interface EndpointStats extends Traffic {
  /** The number of the endpoint, from 1. Records of requests have it in place of a worker's. */
  id: number
  /** Its address, and behind it the IP address that its name stands for. */
  url: string
  /** Its state. */
  state: EndpointState
  /** The number of requests and WebSockets that it has not ended yet. */
  inFlight: number
  /** The number of open WebSockets. */
  sockets: number
  /** How many requests have failed in it since the last success. */
  failures: number
  /** Why it is out; `null` if it is not. */
  error: string | null
}

/** The endpoint that an event is about. */
export interface EndpointSource {
  /** The number of the endpoint. */
  endpoint: number
  /** Its address. */
  url: string
}

/** Details of the event `endpoint:ejected`. */
export interface EndpointEjectedDetails extends EndpointSource {
  /** Why. */
  error: Error
  /** Milliseconds until it is looked at again. */
  delay: number
}
