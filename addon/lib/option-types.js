/**
 * The types of the options after they have been checked, with a value for each option.
 * types/options.d.ts declares for users what the options are for.
 */

/** @typedef {import('./option-remote.js').RemoteSettings} RemoteSettings */

/**
 * All in milliseconds.
 * @typedef {object} Timeouts
 * @property {number} startup
 * @property {number} request 0: no limit
 * @property {number} drain
 * @property {number} retire
 * @property {number} disconnect
 * @property {number} cancel
 * @property {number} shutdown
 * @property {number} kill
 * @property {number} hang 0: no limit
 * @property {number} disconnectGrace Infinity: never
 */

/**
 * How many workers there may be. `min` and `max` are equal in a pool of a fixed size.
 * @typedef {object} PoolSize
 * @property {number} min
 * @property {number} max
 * @property {number} idle milliseconds
 */

/**
 * @typedef {object} Restart
 * @property {number} min milliseconds
 * @property {number} max milliseconds
 * @property {number} window milliseconds
 * @property {number} limit
 */

/**
 * Infinity: never.
 * @typedef {object} Recycle
 * @property {number} requests
 * @property {number} jitter a fraction
 * @property {number} memory bytes
 * @property {number} age milliseconds
 */

/**
 * @typedef {object} WebSocketOptions
 * @property {number} maxMessage bytes
 * @property {boolean} compression
 * @property {readonly string[] | undefined} allowedOrigins in lower case; undefined: any
 * @property {number} pingInterval milliseconds; 0: no pings
 * @property {number} pingTimeout milliseconds
 */

/**
 * @typedef {object} DashboardOptions
 * @property {string | undefined} token undefined: only this machine has access
 */

/**
 * @typedef {object} Isolation
 * @property {'none' | 'strict'} profile
 * @property {boolean} debug
 * @property {boolean} node
 * @property {{ name: string, uid: number, gid?: number, home?: string } | undefined} user
 * @property {number | undefined} group
 * @property {number | undefined} umask
 * @property {boolean} noNewPrivileges
 * @property {boolean} dropCapabilities
 * @property {boolean | readonly string[]} inheritEnv
 * @property {{ read: readonly string[], write: readonly string[] }} allow absolute paths
 * @property {Limits} limits
 */

/**
 * Infinity: none.
 * @typedef {object} Limits
 * @property {number} memory bytes
 * @property {number} cpu milliseconds
 * @property {number} files
 * @property {number} processes
 * @property {number} core bytes
 */

/**
 * @typedef {object} Debug
 * @property {{ host: string, port: number } | null} listen where debugpy listens
 */

/**
 * @typedef {object} Logger
 * @property {(...args: any[]) => void} [debug]
 * @property {(...args: any[]) => void} info
 * @property {(...args: any[]) => void} warn
 * @property {(...args: any[]) => void} error
 * @property {(bindings: { worker: number, pid: number }) => Logger} [child]
 */

/**
 * @typedef {object} Watch
 * @property {readonly string[] | undefined} folders undefined: the docroot
 * @property {readonly string[]} extensions without the dot
 */

/**
 * @typedef {object} Settings
 * @property {string} docroot absolute
 * @property {string} appTarget
 * @property {boolean} factory
 * @property {'auto' | 'asgi' | 'asgi2' | 'wsgi'} interface
 * @property {number} threads
 * @property {string | undefined} python undefined: look for one
 * @property {PoolSize} workers
 * @property {RemoteSettings | null} remote null: it runs here
 * @property {'local' | undefined} fallback
 * @property {boolean | string[]} preload
 * @property {Watch | null} watch null: watch nothing
 * @property {'auto' | 'on' | 'off'} lifespan
 * @property {'auto' | 'asyncio' | 'uvloop'} loop
 * @property {Record<string, string>} env
 * @property {string} rootPath
 * @property {((address: string, hops: number) => boolean) | null} trustProxy null: trust none
 * @property {readonly string[]} proxyHeaders names in lower case
 * @property {readonly string[] | undefined} allowedHosts in lower case; undefined: any
 * @property {number} maxBody bytes; Infinity: any
 * @property {number} minBodyRate bytes a second; 0: any
 * @property {number} concurrency
 * @property {number} maxQueue
 * @property {readonly string[]} healthPaths
 * @property {number} retry
 * @property {number | undefined} requestRing bytes; undefined: the addon's default
 * @property {number | undefined} responseRing bytes; undefined: the addon's default
 * @property {number | 'auto'} spin microseconds
 * @property {Timeouts} timeouts
 * @property {Restart} restart
 * @property {Recycle} recycle
 * @property {WebSocketOptions} websocket
 * @property {Isolation} isolation
 * @property {DashboardOptions} dashboard
 * @property {Debug | null} debug null: nothing is debugged
 * @property {Logger} logger
 */

/**
 * The options, and what other parts of this package add to them.
 * @typedef {Settings & { preparation?: Preparation }} HandlerSettings
 */

/**
 * What the worker does to the application before it starts it (preparation.py).
 * @typedef {object} Preparation
 * @property {Record<string, string | { value: unknown }>} [overrides] dependencies of FastAPI, and
 *   what replaces them
 * @property {boolean} [openapi] every request is answered with the OpenAPI document, if the
 *   application has a method that returns it
 * @property {boolean} [progress] what is imported is reported
 * @property {boolean} [routes] every request is answered with the list of routes
 */

export {}
