const METHODS = [
  'onForked', 'onReady', 'onUnavailable', 'onAvailable', 'onBusy', 'onQuota', 'onFreed', 'onSignal',
  'onOverdue', 'onUnkillable', 'onGone', 'onAppError', 'onLine'
]

/** An owner of a worker that keeps each call as [method, ...arguments], and fails lost requests. */
export function recordingOwner () {
  const heard = []
  const owner = { onLost: (stream, error) => stream.fail(error) }
  for (const name of METHODS) owner[name] = (...args) => heard.push([name, ...args])
  return { owner, heard }
}
