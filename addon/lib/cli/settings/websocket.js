/** The settings of WebSockets. */

import { MIB, parseList, parseMebibytes, seconds } from '../values.js'
import { SERVER_COMMANDS } from './setting.js'

/** @type {import('./setting.js').Group} */
export const WEBSOCKET = {
  title: 'WebSockets',
  commands: SERVER_COMMANDS,
  settings: [
    {
      flag: '--ws-max-size',
      value: '<MiB>',
      about: 'longest message that a WebSocket client may send',
      option: 'websocket.maxMessage',
      unit: MIB,
      parse: parseMebibytes
    },
    {
      flag: '--ws-compression',
      about: 'offer compression of WebSocket messages (permessage-deflate)',
      option: 'websocket.compression'
    },
    {
      flag: '--ws-allowed-origins',
      value: '<list>',
      about: 'origins whose pages may open a WebSocket, such as https://example.com; ' +
        'same-origin: the host of the request',
      option: 'websocket.allowedOrigins',
      initially: 'any',
      parse: parseList
    },
    {
      flag: '--ws-ping-interval',
      value: '<s>',
      about: 'seconds between pings to a WebSocket client; 0: no pings',
      option: 'websocket.pingInterval',
      unit: 1000,
      parse: seconds(0)
    },
    {
      flag: '--ws-ping-timeout',
      value: '<s>',
      about: 'seconds for a client to answer a ping before it is disconnected',
      option: 'websocket.pingTimeout',
      unit: 1000,
      parse: seconds(0.001)
    }
  ]
}
