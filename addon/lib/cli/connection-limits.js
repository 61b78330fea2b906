/**
 * How many connections the server takes, in all and from one address. Proxies that are trusted
 * bring the connections of many clients, so they have no limit of their own.
 */

/**
 * @param {import('node:net').Server} server
 * @param {object} limits
 * @param {number} limits.all Infinity: any
 * @param {number} limits.perAddress Infinity: any
 * @param {((address: string, hops: number) => boolean) | null} limits.trustProxy
 */
export function limitConnections (server, { all, perAddress, trustProxy }) {
  // Not server.maxConnections, which counts only those of its first address.
  if (all !== Infinity) limitAll(server, all)
  if (perAddress === Infinity) return
  /** @type {Map<string, number>} */
  const counts = new Map()
  server.prependListener('connection', (socket) => {
    const { remoteAddress } = socket
    // Of a Unix socket, or of a client that has gone.
    if (remoteAddress === undefined || trustProxy?.(remoteAddress, 0)) return
    const network = networkOf(remoteAddress)
    const count = (counts.get(network) ?? 0) + 1
    if (count > perAddress) {
      socket.destroy()
      return
    }
    counts.set(network, count)
    socket.once('close', () => {
      const left = /** @type {number} */ (counts.get(network)) - 1
      if (left === 0) counts.delete(network)
      else counts.set(network, left)
    })
  })
}

/**
 * @param {import('node:net').Server} server
 * @param {number} limit
 */
function limitAll (server, limit) {
  let count = 0
  server.prependListener('connection', (socket) => {
    if (count >= limit) {
      socket.destroy()
      return
    }
    count++
    socket.once('close', () => { count-- })
  })
}

/**
 * A client with IPv6 has a network of 64 bits, so that it could use any number of addresses.
 * @param {string} address
 */
function networkOf (address) {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [before, after] = address.split('%')[0].split('::')
  const groups = before === '' ? [] : before.split(':')
  if (after !== undefined) {
    const tail = after === '' ? [] : after.split(':')
    groups.push(...Array(8 - groups.length - tail.length).fill('0'), ...tail)
  }
  return `${groups.slice(0, 4).join(':')}::/64`
}
