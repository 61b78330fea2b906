/**
 * What `node-asgi check` finds.
 */

/** @typedef {'ok' | 'warning' | 'error'} Status */

/**
 * @typedef {object} Finding
 * @property {string} name of what was checked
 * @property {Status} status
 * @property {string} detail
 * @property {string} [remedy] what to do
 * @property {string} [traceback] of Python
 */

/**
 * @param {string} name
 * @param {string} detail
 * @returns {Finding}
 */
export function ok (name, detail) {
  return { name, status: 'ok', detail }
}

/**
 * @param {string} name
 * @param {string} detail
 * @param {string} remedy
 * @returns {Finding}
 */
export function warning (name, detail, remedy) {
  return { name, status: 'warning', detail, remedy }
}

/**
 * @param {string} name
 * @param {unknown} error whose message says what to do
 * @returns {Finding}
 */
export function failure (name, error) {
  const { message, traceback = '' } = /** @type {Error & { traceback?: string }} */ (error)
  // The message ends with the traceback, and says before it what to do.
  const [detail] = message.split('\n\n')
  return { name, status: 'error', detail, ...traceback === '' ? {} : { traceback } }
}
