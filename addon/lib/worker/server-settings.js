/**
 * The settings that the Python side needs. Its times are in seconds.
 * @param {import('../option-types.js').HandlerSettings} settings
 */
export function serverSettings (settings) {
  const {
    appTarget, factory, interface: name, threads, preload, lifespan, loop, rootPath, spin,
    timeouts, preparation = {}
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
    spin,
    preparation,
    timeouts: {
      startup: timeouts.startup / 1000,
      shutdown: timeouts.shutdown / 1000,
      cancel: timeouts.cancel / 1000
    }
  }
}
