import { familySync, MUSL } from 'detect-libc'

/**
 * Names the platform that this process runs on, as the packages with the native files are named:
 * `linux-x64-gnu`, `darwin-arm64`. There need not be a package for it.
 * @param {string} [os] as in `process.platform`
 * @param {string} [arch] as in `process.arch`
 * @param {() => string | null} [libc] the family of the C library that Node.js uses
 * @returns {string}
 */
export function platformName (os = process.platform, arch = process.arch, libc = familySync) {
  if (os !== 'linux') return `${os}-${arch}`
  return `${os}-${arch}-${libc() === MUSL ? 'musl' : 'gnu'}`
}
