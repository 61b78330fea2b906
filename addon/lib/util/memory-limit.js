import { totalmem } from 'node:os'

import { controlGroups, readOr, readText } from './control-groups.js'

/**
 * How much memory this process and its children may use together: what the machine has, or what
 * their control groups allow.
 * @param {(path: string) => string} [read] the content of a file; throws if there is none
 * @returns {{ bytes: number, source: 'machine' | 'control group' }}
 */
export function memoryLimit (read = readText) {
  let bytes = totalmem()
  /** @type {'machine' | 'control group'} */
  let source = 'machine'
  for (const { folder, isV2 } of controlGroups('memory', read)) {
    const name = isV2 ? 'memory.max' : 'memory.limit_in_bytes'
    // 'max' is not a number, and version 1 has a huge one instead.
    const limit = Number(readOr(`${folder}/${name}`, 'max', read))
    if (!(limit < bytes)) continue
    bytes = limit
    source = 'control group'
  }
  return { bytes, source }
}
