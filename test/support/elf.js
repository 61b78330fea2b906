/** Makes the first bytes of programs for Linux (elf(5)). */

/**
 * @param {{ machine?: number, is64?: boolean, isLittle?: boolean, loader?: string | null }} [what]
 * @returns {Buffer}
 */
export function program ({
  machine = 62, is64 = true, isLittle = true, loader = '/lib64/ld-linux-x86-64.so.2'
} = {}) {
  const bytes = Buffer.alloc(512)
  const put = (value, at, size) => {
    if (isLittle) bytes.writeUIntLE(value, at, size)
    else bytes.writeUIntBE(value, at + (size > 6 ? 2 : 0), Math.min(size, 6))
  }
  // writeUIntLE takes 6 bytes at most; the other two are 0.
  const word = (value, at) => put(value, at, is64 ? (isLittle ? 6 : 8) : 4)
  bytes.write('\x7fELF')
  bytes[4] = is64 ? 2 : 1
  bytes[5] = isLittle ? 1 : 2
  put(machine, 18, 2)
  const [table, size, text] = is64 ? [64, 56, 256] : [52, 32, 256]
  word(table, is64 ? 32 : 28)
  put(size, is64 ? 54 : 42, 2)
  put(2, is64 ? 56 : 44, 2)
  put(6, table, 4) // PT_PHDR
  if (loader !== null) {
    const entry = table + size
    put(3, entry, 4) // PT_INTERP
    word(text, entry + (is64 ? 8 : 4))
    word(loader.length + 1, entry + (is64 ? 32 : 16))
    bytes.write(loader, text)
  }
  return bytes
}
