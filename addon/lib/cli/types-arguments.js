/**
 * The arguments of `node-asgi types`.
 */

import { userPath } from '../util/user-path.js'
import {
  addApplication, addDetails, handlerOptions, lifespanOption, newCommand, parse, startupTimeOption
} from './common-arguments.js'

/** @typedef {import('commander').Command} Command */

/**
 * @typedef {object} TypesArguments
 * @property {Record<string, any>} handler options of PythonHandler
 * @property {string | undefined} url of the document; undefined: look for it
 * @property {string | undefined} output the file; undefined: stdout
 * @property {boolean} check
 * @property {boolean} watch
 * @property {string[]} folders to watch
 */

/** @returns {Command} */
export function defineTypesCommand () {
  const command = newCommand('node-asgi types', 'Writes the TypeScript types of the API that a ' +
    'Python application serves: its OpenAPI document, as openapi-typescript translates it.')
  addApplication(command)
    .option('-o, --output <file>', 'file to write (default: print to stdout)')
    .option('--check', 'write nothing; exit with 1 if the file is not up to date', false)
    .option('--watch', 'write the file again when Python files below the docroot change', false)
    .option('--url <url>', 'path or URL at which the application serves its OpenAPI document ' +
      '(default: what its method openapi() returns, or one of the usual paths)')
  addDetails(command)
    .addOption(lifespanOption('off'))
    .addOption(startupTimeOption())
  return command
}

/**
 * @param {string[]} argv without node, the script and the command
 * @returns {TypesArguments}
 */
export function parseTypesArguments (argv) {
  const command = defineTypesCommand()
  parse(command, argv, [checkModes])
  const { docroot, url, output, check, watch } = command.opts()
  return {
    handler: handlerOptions(command), url, output, check, watch, folders: [userPath(docroot)]
  }
}

/** @param {Command} command */
function checkModes (command) {
  const { output, check, watch } = command.opts()
  if (check && watch) command.error('error: --check and --watch cannot be given together')
  if (output !== undefined) return
  if (check) command.error('error: --check needs --output')
  if (watch) command.error('error: --watch needs --output')
}
