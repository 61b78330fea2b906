/**
 * What JavaScript has to know about an operating system. The rest is in the addon (os_linux.cc and
 * os_macos.cc in addon/src and common/base) and in Python (node_asgi_worker/system).
 * @typedef {object} OperatingSystem
 * @property {string} name
 * @property {string[]} refuses the options of the group `isolation` that its kernel cannot fulfil
 * @property {boolean} pipesHaveOwners a process that opens a pipe by a path such as /dev/stdout
 *   must be allowed to do so by the owner of the pipe
 */

/** @type {OperatingSystem} */
const LINUX = { name: 'Linux', refuses: [], pipesHaveOwners: true }

/** @type {OperatingSystem} */
const MACOS = {
  name: 'macOS',
  refuses: ['profile', 'node', 'noNewPrivileges', 'dropCapabilities', 'limits.memory'],
  pipesHaveOwners: false
}

/**
 * @param {string} [name] as in process.platform
 * @returns {OperatingSystem}
 */
export function operatingSystem (name = process.platform) {
  return name === 'darwin' ? MACOS : LINUX
}
