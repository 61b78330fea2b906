/**
 * The settings that the Python side needs. Its times are in seconds.
 * @param {import('../option-types.js').HandlerSettings} settings
 * @param {boolean} terminal whether it has that of this process
 */
export function serverSettings (settings, terminal) {
  const {
    appTarget, factory, interface: name, threads, preload, lifespan, loop, rootPath, spin,
    timeouts, debug, preparation = {}
  } = settings
  return {
    appTarget,
    factory,
    interface: name,
    threads,
    preload,
    lifespan,
    loop,
    rootPath,
    spin: spin === 'auto' ? null : spin,
    preparation,
    debugger: debug === null
      ? null
      : { terminal, listen: debug.listen && [debug.listen.host, debug.listen.port] },
    timeouts: {
      startup: timeouts.startup / 1000,
      shutdown: timeouts.shutdown / 1000,
      cancel: timeouts.cancel / 1000
    }
  }
}
