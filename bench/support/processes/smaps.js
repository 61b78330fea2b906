// The memory of a process by mapping: see proc_pid_smaps(5).
import { readFileSync } from 'node:fs'

const FIELDS = ['Pss', 'Private_Dirty', 'Private_Clean']

/**
 * The memory of a process by kind of mapping, in bytes.
 * @param {number} pid
 * @returns {Map<string, { Pss: number, Private_Dirty: number, Private_Clean: number }>}
 */
export function memoryByMapping (pid) {
  const kinds = new Map()
  const text = readFileSync(`/proc/${pid}/smaps`, 'latin1')
  for (const block of text.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [, path] = /^\S+ +\S+ +\S+ +\S+ +\S+ *(.*)$/m.exec(block)
    const kind = kindOf(path)
    const sums = kinds.get(kind) ?? { Pss: 0, Private_Dirty: 0, Private_Clean: 0 }
    for (const field of FIELDS) {
      sums[field] += Number(new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(block)?.[1] ?? 0) * 1024
    }
    kinds.set(kind, sums)
  }
  return kinds
}

function kindOf (path) {
  if (path === '') return 'anonymous (object arenas, large blocks)'
  if (path === '[heap]') return 'malloc heap'
  if (path.startsWith('[stack')) return 'stack'
  if (path.startsWith('/memfd:node-asgi')) return 'rings shared with Node'
  if (path.includes('libpython') || /\/python3[.\d]*$/.test(path)) return 'the interpreter'
  if (/\.so[.\d]*$/.test(path)) return 'other libraries'
  return 'other'
}
