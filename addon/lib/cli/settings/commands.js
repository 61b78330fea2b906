/** The settings that only some of the smaller commands have. */

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
  commands: ['check', 'routes'],
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
