/**
 * What handlers without Python processes use in place of the limits that the addon knows. A test
 * compares them with those of the addon.
 */
export const REMOTE_LIMITS = Object.freeze({
  /** Bytes of a body that are gathered before a request is sent. */
  chunk: 64 * 1024,
  /** Bytes that may wait for a consumer in one direction of a request or WebSocket. */
  window: 256 * 1024,
  /** Bytes of a head. */
  head: 512 * 1024,
  /** Bytes that the end of a WebSocket message counts for in flow control. */
  messageOverhead: 64,
  // RFC 6455, sections 5.5 and 7.4
  closeReason: 123,
  minCloseCode: 1000,
  maxCloseCode: 4999,
  minAppCloseCode: 3000
})
