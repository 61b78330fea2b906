/**
 * Looks whether a remote application answers, without a handler.
 */

import { lookup } from 'node:dns/promises'

import { unreachableError } from './failure.js'
import { Endpoint } from './endpoint.js'
import { isName } from './fleet.js'

/** Nothing happens to an endpoint that gets no requests. @type {any} */
const NOBODY = Object.freeze({})

/**
 * @param {import('../option-remote.js').RemoteSettings} settings
 * @returns {AsyncGenerator<{ name: string, error: Error | null, time: number }>} what each endpoint
 *   answers, after how many milliseconds
 */
export async function * probeAll (settings) {
  for (const address of settings.addresses) {
    let hosts = [address.hostname]
    try {
      if (isName(address)) {
        hosts = (await lookup(address.hostname, { all: true })).map((each) => each.address)
      }
    } catch (error) {
      yield { name: address.url, error: unreachableError(address.url, error), time: 0 }
      continue
    }
    for (const host of hosts) {
      const endpoint = new Endpoint(0, address, host, settings, 1, NOBODY)
      const started = performance.now()
      const error = await endpoint.probe()
      yield { name: endpoint.name, error, time: performance.now() - started }
      await endpoint.discard()
    }
  }
}
