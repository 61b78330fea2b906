import assert from 'node:assert/strict'
import { test } from 'node:test'

import { checkOperatingSystem } from '../../../addon/lib/option-isolation.js'
import { parseOptions } from '../../../addon/lib/options.js'
import { operatingSystem } from '../../../addon/lib/util/operating-system.js'

const { isolation } = parseOptions({})
const macOS = operatingSystem('darwin')

test('macOS refuses by name what its kernel cannot do', () => {
  const refused = {
    profile: { profile: 'strict' },
    node: { node: true },
    noNewPrivileges: { noNewPrivileges: true },
    dropCapabilities: { dropCapabilities: true },
    'limits.memory': { limits: { ...isolation.limits, memory: 2 ** 30 } }
  }
  assert.deepEqual(Object.keys(refused), macOS.refuses)
  for (const [option, wanted] of Object.entries(refused)) {
    assert.throws(() => checkOperatingSystem({ ...isolation, ...wanted }, 'isolation', macOS), {
      code: 'ERR_INVALID_OPTION',
      option: `isolation.${option}`,
      message: new RegExp(`isolation.${option.replace('.', '[.]')} .* on macOS.*Linux`)
    })
  }
})

test('macOS takes the defaults, and what every Unix has', () => {
  checkOperatingSystem(isolation, 'isolation', macOS)
  const limits = { ...isolation.limits, cpu: 1000, files: 100, processes: 10, core: 0 }
  checkOperatingSystem({ ...isolation, debug: true, umask: 0o77, limits }, 'isolation', macOS)
})

test('Linux refuses nothing of it', () => {
  assert.deepEqual(operatingSystem('linux').refuses, [])
})
