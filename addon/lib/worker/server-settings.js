/**
 * The settings that the Python side needs. Its times are in seconds.
 * @param {import('../options.js').Settings} settings
 */
export function serverSettings (settings) {
  const {
    appTarget, factory, interface: name, threads, preload, lifespan, loop, rootPath, spin,
    timeouts
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
    timeouts: {
      startup: timeouts.startup / 1000,
      shutdown: timeouts.shutdown / 1000,
      cancel: timeouts.cancel / 1000
    }
  }
}
