/**
 * For which processor and C library a program is built, as its first bytes say (elf(5)).
 */

import { closeSync, openSync, readSync } from 'node:fs'

/**
 * @typedef {object} Program
 * @property {string} machine for example x64
 * @property {string | null} loader path of the dynamic loader; null: the program is static
 */

/** @type {Readonly<Record<number, string>>} by e_machine, as process.arch names them */
const MACHINES = {
  3: 'ia32',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64'
}

const PT_INTERP = 3
/** Bytes: the header, and the table that follows it. */
const HEAD = 4096
const LONGEST_PATH = 4096

/**
 * @param {string} path
 * @returns {Program | null} null: it is a script, or a program of another kind of system
 * @throws {Error} it cannot be read
 */
export function readElf (path) {
  const fd = openSync(path, 'r')
  try {
    const head = readAt(fd, 0, HEAD)
    if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46) return null
    const is64 = head[4] === 2
    const isLittle = head[5] === 1
    const short = (/** @type {number} */ at) => isLittle
      ? head.readUInt16LE(at)
      : head.readUInt16BE(at)
    const word = (/** @type {number} */ at) => {
      if (!is64) return isLittle ? head.readUInt32LE(at) : head.readUInt32BE(at)
      return Number(isLittle ? head.readBigUInt64LE(at) : head.readBigUInt64BE(at))
    }
    const table = word(is64 ? 32 : 28)
    const size = short(is64 ? 54 : 42)
    const count = short(is64 ? 56 : 44)
    const machine = short(18)
    let loader = null
    for (let at = table; at < table + count * size && at + (is64 ? 56 : 32) <= head.length;
      at += Math.max(size, 32)) {
      const type = isLittle ? head.readUInt32LE(at) : head.readUInt32BE(at)
      if (type !== PT_INTERP) continue
      const length = Math.min(word(at + (is64 ? 32 : 16)), LONGEST_PATH)
      loader = readAt(fd, word(at + (is64 ? 8 : 4)), length).toString().split('\0')[0]
    }
    return { machine: MACHINES[machine] ?? `machine ${machine}`, loader }
  } finally {
    closeSync(fd)
  }
}

/**
 * @param {number} fd
 * @param {number} position
 * @param {number} length
 */
function readAt (fd, position, length) {
  const buffer = Buffer.alloc(length)
  return buffer.subarray(0, readSync(fd, buffer, 0, length, position))
}

/** @type {Program | null | undefined} */
let own

/**
 * Why modules for this Node.js cannot be loaded into a program.
 * @param {Program} program
 * @param {Program | null} [node] this Node.js
 * @returns {string | null}
 */
export function mismatch ({ machine, loader }, node = own ??= readElf(process.execPath)) {
  if (node === null) return null
  if (machine !== node.machine) {
    return `is built for ${machine}, but this Node.js for ${node.machine}`
  }
  if (loader === null) return 'is linked statically, so it cannot load native modules'
  if (node.loader === null || libc(loader) === libc(node.loader)) return null
  return `is built for ${libc(loader)}, but this Node.js for ${libc(node.loader)}`
}

/** @param {string} loader */
function libc (loader) {
  return loader.includes('/ld-musl-') ? 'musl libc' : 'glibc'
}
