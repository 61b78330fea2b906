/** The settings of the server: where it listens, and what it takes from clients. */

import { parseAddress } from '../address.js'
import {
  MIB, parseCount, parseCountOrNone, parseEach, parseLimit, parseList, parsePort, parseSize,
  parseUmask, seconds
} from '../values.js'
import { SERVER_COMMANDS } from './setting.js'

/** Bytes. Node's own default is 16 KiB. */
const MAX_HEADER_SIZE = 64 * 1024

/** Milliseconds. */
const HEAD_TIME = 30_000

/** Milliseconds, as in Node. */
const KEEP_ALIVE = 5000

/** As in Node. The system may allow less (net.core.somaxconn). */
const BACKLOG = 511

/** Each takes a file descriptor, of which the workers need some, too. */
const MAX_CONNECTIONS = 10_000

/** A large office has one address. */
const MAX_PER_ADDRESS = 1000

/** Bytes. Applications that take longer ones are rare, and can say so. */
const MAX_BODY = 1024 * MIB

/** Bytes a second, as in Kestrel. */
const MIN_BODY_RATE = 240

const parseAddresses = parseEach(parseAddress,
  'It must look like 127.0.0.1:8000, [::1]:8000, unix:app.sock or fd:3.')

/** @type {import('./setting.js').Group} */
export const ADDRESS = {
  title: 'Address',
  commands: SERVER_COMMANDS,
  settings: [
    {
      flag: '--host',
      value: '<host>',
      about: 'address to listen on',
      brief: 'address to listen on',
      initial: '127.0.0.1',
      variable: 'HOST'
    },
    {
      flag: '--port',
      value: '<port>',
      about: 'port to listen on; 0 picks a free one',
      brief: 'port to listen on; 0 picks a free one',
      initial: 8000,
      parse: parsePort,
      variable: 'PORT'
    },
    {
      flag: '--uds',
      value: '<path>',
      about: 'Unix domain socket to listen on, instead of host and port',
      completes: 'file'
    },
    {
      flag: '--uds-mode',
      value: '<octal>',
      about: 'permissions of the Unix domain socket, for example 660',
      initially: 'what the umask leaves',
      parse: parseUmask
    },
    {
      flag: '--fd',
      value: '<n>',
      about: 'descriptor to listen on, which whoever starts this process has bound; sockets of ' +
        'systemd are found without it',
      parse: parseCountOrNone
    },
    {
      flag: '--listen',
      value: '<address>',
      about: 'address to listen on, as host:port, unix:path or fd:number; may be repeated, and ' +
        'replaces the options above',
      parse: parseAddresses
    },
    {
      flag: '--backlog',
      value: '<n>',
      about: 'connections that may wait to be accepted',
      initial: BACKLOG,
      parse: parseCount
    }
  ]
}

/** @type {import('./setting.js').Group} */
export const TLS = {
  title: 'TLS',
  commands: SERVER_COMMANDS,
  settings: [
    {
      flag: '--tls-cert',
      value: '<file>',
      about: 'certificate (PEM); makes the server speak HTTPS, with HTTP/2 and HTTP/1.1',
      completes: 'file'
    },
    {
      flag: '--tls-key',
      value: '<file>',
      about: 'private key of the certificate (PEM)',
      completes: 'file'
    },
    {
      flag: '--tls-key-password-file',
      value: '<file>',
      about: 'file with the password of the private key; the variable ' +
        'NODE_ASGI_TLS_KEY_PASSWORD can have the password itself',
      completes: 'file'
    },
    {
      // Not a flag: everybody on the machine can read the arguments of a process.
      flag: '--tls-key-password',
      value: '<text>',
      about: 'password of the private key',
      sources: ['variable', 'file'],
      secret: true
    },
    {
      flag: '--tls-ca',
      value: '<file>',
      about: 'require client certificates issued by this CA (PEM)',
      completes: 'file'
    }
  ]
}

/** @type {import('./setting.js').Group} */
export const CLIENTS = {
  title: 'Clients',
  commands: SERVER_COMMANDS,
  settings: [
    {
      flag: '--max-connections',
      value: '<n>',
      about: 'connections in all; 0: any',
      initial: MAX_CONNECTIONS,
      parse: parseLimit
    },
    {
      flag: '--max-connections-per-address',
      value: '<n>',
      about: 'connections from one address, or one /64 of IPv6, unless it is a trusted proxy; ' +
        '0: any',
      initial: MAX_PER_ADDRESS,
      parse: parseLimit
    },
    {
      flag: '--max-header-size',
      value: '<bytes>',
      about: 'longest head of a request: its first line and its headers',
      initial: MAX_HEADER_SIZE,
      parse: parseCount
    },
    {
      flag: '--max-body',
      value: '<MiB>',
      about: 'longest request body; 0: any',
      option: 'maxBody',
      initial: MAX_BODY,
      unit: MIB,
      parse: parseSize
    },
    {
      flag: '--min-body-rate',
      value: '<n>',
      about: 'bytes a second that a client must send of a request body, after a grace of 10 s; ' +
        '0: any',
      option: 'minBodyRate',
      initial: MIN_BODY_RATE,
      parse: parseCountOrNone
    },
    {
      flag: '--timeout-head',
      value: '<s>',
      about: 'seconds for a client to send the head of a request; 0: no limit',
      initial: HEAD_TIME,
      unit: 1000,
      parse: seconds(0)
    },
    {
      flag: '--timeout-keep-alive',
      value: '<s>',
      about: 'seconds that an idle connection of HTTP/1 stays open; 0: no limit. Behind a proxy ' +
        'or load balancer, set it higher than there',
      initial: KEEP_ALIVE,
      unit: 1000,
      parse: seconds(0)
    },
    {
      flag: '--allowed-hosts',
      value: '<list>',
      about: 'hosts that requests may be for, such as example.com or *.example.com',
      option: 'allowedHosts',
      initially: 'any',
      parse: parseList
    },
    {
      flag: '--trust-proxy',
      value: '<list>',
      about: 'proxies that are believed about the client: addresses, networks, loopback, ' +
        'linklocal, uniquelocal',
      option: 'trustProxy',
      parse: parseList
    },
    {
      flag: '--proxy-headers',
      value: '<list>',
      about: 'headers that these proxies set: forwarded, or some of x-forwarded-for, ' +
        'x-forwarded-proto, x-forwarded-host',
      option: 'proxyHeaders',
      parse: parseList
    }
  ]
}
