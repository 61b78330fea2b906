/** What happens to the processes: marks on the time axis, and a list. */

const MAX_EVENTS = 100

/**
 * @typedef {object} Happening
 * @property {number} time milliseconds since 1970
 * @property {'reload' | 'recycle' | 'resize' | 'failure' | 'recovery'} kind
 * @property {string} text
 */

/** How a worker has failed. It was told to end for other reasons. */
const FAILED = {
  startup: 'could not start',
  crash: 'crashed',
  hung: 'was blocked and has been killed',
  protocol: 'broke the protocol and has been killed'
}

/** Why the number of workers has changed. */
const RESIZED = {
  load: 'There is more to do',
  idle: 'There is less to do',
  asked: 'Somebody asked for it'
}

export class Timeline {
  /** @type {Happening[]} */
  #list = []

  /**
   * @param {string} name of an event of the handler
   * @param {any} details
   * @param {number} time milliseconds since 1970
   */
  add (name, details, time) {
    const happening = describe(name, details)
    if (happening === null) return
    this.#list.push({ time, ...happening })
    if (this.#list.length > MAX_EVENTS) this.#list.shift()
  }

  /** @returns {readonly Happening[]} the newest last */
  list () {
    return this.#list
  }
}

/**
 * @param {string} name
 * @param {any} details
 * @returns {Omit<Happening, 'time'> | null} null: nothing to show
 */
function describe (name, details) {
  const worker = `Worker ${details.worker} (pid ${details.pid})`
  switch (name) {
    case 'worker:exit': {
      const { reason, code, signal } = details
      const failed = FAILED[/** @type {keyof FAILED} */ (reason)]
      if (failed === undefined) return null
      const how = signal !== null ? `: ${signal}` : code !== null ? `: exit code ${code}` : ''
      return { kind: 'failure', text: `${worker} ${failed}${reason === 'hung' ? '' : how}` }
    }
    case 'worker:recycle': {
      const why = details.reason === 'asked'
        ? 'somebody asked for it'
        : `of its ${details.reason}`
      return { kind: 'recycle', text: `${worker} is being replaced because ${why}` }
    }
    case 'reload': {
      const { error, duration } = details
      return error === null
        ? { kind: 'reload', text: `Reloaded in ${(duration / 1000).toFixed(1)} s` }
        : { kind: 'failure', text: 'The reload failed' }
    }
    case 'pool:resize': {
      const { from, to, reason } = details
      return {
        kind: 'resize',
        text: `${RESIZED[/** @type {keyof RESIZED} */ (reason)]}: ` +
        `${from} → ${to} workers`
      }
    }
    case 'endpoint:added':
      return { kind: 'resize', text: `${details.url} is an endpoint now` }
    case 'endpoint:removed':
      return { kind: 'resize', text: `${details.url} is no longer an endpoint` }
    case 'endpoint:ejected':
      return { kind: 'failure', text: `${details.url} gets no requests: ${details.error.message}` }
    case 'endpoint:recovered':
      return { kind: 'recovery', text: `${details.url} gets requests again` }
    case 'pool:failed':
      return {
        kind: 'failure',
        text: /^ERR_REMOTE_/.test(details.error.code)
          ? 'No endpoint takes requests'
          : 'No worker can be started'
      }
    case 'pool:recovered':
      return { kind: 'recovery', text: 'Requests are answered again' }
    default:
      return null
  }
}
