/** The settings of an application that runs elsewhere. */

import { parseList } from '../values.js'
import { SERVER_COMMANDS } from './setting.js'

/** @type {import('./setting.js').Group} */
export const REMOTE = {
  title: 'Application elsewhere',
  commands: SERVER_COMMANDS,
  settings: [
    {
      flag: '--remote',
      value: '<urls>',
      about: 'addresses of an ASGI service that answers requests instead of processes of this ' +
        'server, such as http://models:8000 or unix:/run/app.sock, with commas between them',
      option: 'remote.url',
      parse: parseList
    },
    {
      flag: '--remote-host',
      value: '<whose>',
      about: 'the host header that the service gets: that of the client, or of its own address',
      option: 'remote.host',
      choices: ['client', 'endpoint']
    },
    {
      flag: '--remote-ca',
      value: '<file>',
      about: 'PEM file with the certificate authorities that the service is checked against',
      option: 'remote.tls.ca',
      completes: 'file'
    },
    {
      flag: '--remote-cert',
      value: '<file>',
      about: 'PEM file with the certificate that is shown to the service',
      option: 'remote.tls.cert',
      completes: 'file'
    },
    {
      flag: '--remote-key',
      value: '<file>',
      about: 'PEM file with the private key of that certificate',
      option: 'remote.tls.key',
      completes: 'file'
    },
    {
      flag: '--remote-health',
      value: '<path>',
      about: 'path that answers with a status below 400 as long as the service is well',
      option: 'remote.healthPath'
    },
    {
      flag: '--remote-fallback',
      value: '<where>',
      about: 'local starts workers on this machine while no address of the service answers',
      option: 'fallback',
      choices: ['local']
    }
  ]
}
