/**
 * Where the server listens: what the settings say, or the sockets that systemd has passed on.
 */

/** @typedef {import('./settings/resolve.js').Settings} Settings */
/** @typedef {import('./address.js').Address} Address */

/** The first descriptor that systemd passes on, sd_listen_fds(3). */
const FIRST_INHERITED = 3

/** Ways to give addresses. Each source of settings may use one of them. */
const WAYS = [['--listen'], ['--uds'], ['--fd'], ['--host', '--port']]

/** The sources that decide which way is used, the first one first. */
const RANKS = ['flag', 'variable', 'file']

/**
 * PORT and HOST are often set in the environment without being meant for this program, so they
 * change the port and the host, but say nothing about whether there is a Unix socket.
 * @param {Settings} settings
 * @param {Record<string, string | undefined>} [environment]
 * @param {number} [pid] of this process
 * @returns {Address[]}
 */
export function addresses (settings, environment = process.env, pid = process.pid) {
  const { values } = settings
  const inherited = inheritedDescriptors(environment, pid)
  const way = chosenWay(settings)
  if (way === undefined && inherited.length > 0) return inherited.map((fd) => ({ fd }))
  switch (way?.[0]) {
    case '--listen': return values.listen
    case '--uds': return [{ uds: values.uds }]
    case '--fd': return [{ fd: values.fd }]
    default: return [{ host: values.host, port: values.port }]
  }
}

/** @param {Settings} settings */
function chosenWay (settings) {
  for (const rank of RANKS) {
    const flags = WAYS.map((way) => way.filter((flag) => settings.of(flag).rank === rank))
    const used = flags.filter((way) => way.length > 0)
    if (used.length > 1) {
      settings.fail(`${used[0][0]} and ${used[1][0]} cannot be given together; for several ` +
        'addresses, give --listen several times')
    }
    if (used.length === 1) return WAYS[flags.indexOf(used[0])]
  }
  return undefined
}

/**
 * Sockets that a socket unit of systemd listens on. The variables are removed, because they are for
 * this process only.
 * @param {Record<string, string | undefined>} environment
 * @param {number} pid
 */
function inheritedDescriptors (environment, pid) {
  const { LISTEN_PID, LISTEN_FDS } = environment
  if (Number(LISTEN_PID) !== pid) return []
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete environment[name]
  const count = Number(LISTEN_FDS)
  return Number.isInteger(count) && count > 0
    ? Array.from({ length: count }, (_, i) => FIRST_INHERITED + i)
    : []
}
