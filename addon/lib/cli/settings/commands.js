/** The settings that only some of the smaller commands have. */

import {
  parseCount, parseMebibytes, parsePercent, parsePositive, seconds
} from '../values.js'
import { FLAG_ONLY } from './setting.js'

/** @type {import('./setting.js').Group} */
export const TYPES = {
  title: 'Types',
  commands: ['types'],
  settings: [
    {
      flag: '--output',
      short: '-o',
      value: '<file>',
      about: 'file to write',
      brief: 'file to write (default: print to stdout)',
      initially: 'print to stdout',
      sources: FLAG_ONLY,
      completes: 'file'
    },
    {
      flag: '--check',
      about: 'write nothing; exit with 1 if the file is not up to date',
      brief: 'exit with 1 if the file is not up to date',
      sources: FLAG_ONLY
    },
    {
      flag: '--watch',
      about: 'write the file again when Python files below the docroot change',
      brief: 'write the file again when Python files change',
      sources: FLAG_ONLY
    },
    {
      flag: '--url',
      value: '<url>',
      about: 'path or URL at which the application serves its OpenAPI document',
      brief: 'where the application serves its document',
      initially: 'what its method openapi() returns, or one of the usual paths',
      sources: FLAG_ONLY
    }
  ]
}

/** @type {import('./setting.js').Group} */
export const ANSWER = {
  title: 'Answer',
  commands: ['check', 'routes', 'capacity'],
  settings: [
    {
      flag: '--json',
      about: 'print JSON, for programs',
      brief: 'print JSON, for programs',
      sources: FLAG_ONLY
    }
  ]
}

/** @type {import('./setting.js').Group} */
export const SHELL = {
  title: 'Shell',
  commands: ['completion'],
  settings: [
    {
      flag: '[shell]',
      about: 'the shell to write the script for',
      brief: 'the shell to write the script for',
      choices: ['bash', 'zsh', 'fish'],
      sources: FLAG_ONLY
    }
  ]
}

/** @type {import('./setting.js').Group} */
export const LOAD = {
  title: 'Load',
  commands: ['capacity'],
  settings: [
    {
      flag: '[metrics]',
      about: 'URL of the metrics of a running server that has its usual load, to measure what a ' +
        'request costs',
      brief: 'URL of the metrics of a server to measure',
      sources: FLAG_ONLY
    },
    {
      flag: '--seconds',
      value: '<s>',
      about: 'how long to measure',
      brief: 'how long to measure (default: 10)',
      initial: 10_000,
      unit: 1000,
      sources: FLAG_ONLY,
      parse: seconds(0.1)
    },
    {
      flag: '--rate',
      value: '<n>',
      about: 'requests/s to serve',
      brief: 'requests/s to serve (default: as measured)',
      initially: 'as measured',
      sources: FLAG_ONLY,
      parse: parsePositive
    },
    {
      flag: '--node-cost',
      value: '<us>',
      about: 'CPU time of a request in Node, in microseconds',
      brief: 'CPU time of a request in Node (default: as measured)',
      initially: 'as measured',
      sources: FLAG_ONLY,
      parse: parsePositive
    },
    {
      flag: '--python-cost',
      value: '<us>',
      about: 'CPU time of a request in Python, in microseconds',
      brief: 'the same in Python (default: as measured)',
      initially: 'as measured',
      sources: FLAG_ONLY,
      parse: parsePositive
    },
    {
      flag: '--duration',
      value: '<s>',
      about: 'how long a request takes, with all that it waits for, in seconds',
      brief: 'how long a request takes (default: as measured)',
      initially: 'as measured, or its CPU time',
      sources: FLAG_ONLY,
      parse: seconds(0)
    },
    {
      flag: '--node-memory',
      value: '<MiB>',
      about: 'memory of a Node process',
      initially: 'as measured',
      sources: FLAG_ONLY,
      parse: parseMebibytes
    },
    {
      flag: '--worker-memory',
      value: '<MiB>',
      about: 'memory of a worker',
      initially: 'as measured',
      sources: FLAG_ONLY,
      parse: parseMebibytes
    }
  ]
}

/** @type {import('./setting.js').Group} */
export const LIMITS = {
  title: 'Limits',
  commands: ['capacity'],
  settings: [
    {
      flag: '--utilization',
      value: '<percent>',
      about: 'how busy processes and cores may be; the rest is for bursts',
      brief: 'how busy processes and cores may be (default: 70)',
      initial: 70,
      sources: FLAG_ONLY,
      parse: parsePercent
    },
    {
      flag: '--wait',
      value: '<s>',
      about: 'how long 99 of 100 requests may wait for CPU time at most, in seconds',
      brief: 'how long 99 of 100 requests may wait',
      sources: FLAG_ONLY,
      parse: seconds(0)
    },
    {
      flag: '--cores',
      value: '<n>',
      about: 'cores of a machine',
      brief: 'cores of a machine (default: those of this one)',
      initially: 'the number of available cores',
      sources: FLAG_ONLY,
      parse: parseCount
    }
  ]
}
