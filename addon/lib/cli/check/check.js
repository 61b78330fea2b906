/**
 * Runs `node-asgi check`: looks at everything that serving needs, and reports all of it.
 */

import { readFileSync } from 'node:fs'

import { InvalidOptionError } from '../../errors.js'
import { chooseInterpreter } from '../../interpreter/choose.js'
import { platformName } from '../../native/platform.js'
import { parseOptions } from '../../options.js'
import { availableCores } from '../../util/available-cores.js'
import { memoryLimit } from '../../util/memory-limit.js'
import { serveArguments } from '../arguments.js'
import { CommandError } from '../failure.js'
import { Doors } from '../doors.js'
import { makeServer } from '../server.js'
import { surveyPython } from '../survey.js'
import { ownVersion } from '../version.js'
import { checkApplication } from './application.js'
import { failure, ok } from './finding.js'
import { checkCores, checkDescriptors, checkMemory } from './limits.js'
import { printer } from './report.js'

/** @typedef {import('./finding.js').Finding} Finding */
/** @typedef {import('../arguments.js').Arguments} Arguments */
/** @typedef {import('../survey.js').Survey} Survey */

/**
 * @param {import('../settings/resolve.js').Settings} settings
 * @returns {Promise<number>} the exit code: 1 if something would fail
 */
export async function check (settings) {
  const report = printer(settings.values.json)
  let isGood = true
  for await (const finding of findings(serveArguments(settings))) {
    report.add(finding)
    isGood &&= finding.status !== 'error'
  }
  report.end()
  return isGood ? 0 : 1
}

/**
 * @param {Arguments} given
 * @returns {AsyncGenerator<Finding>}
 */
async function * findings (given) {
  const { handler } = given
  let options
  try {
    options = parseOptions(handler)
    yield ok('node-asgi', `${ownVersion()} on Node.js ${process.versions.node}, ${platformName()}`)
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error
    yield failure('settings', error)
    return
  }
  const { processes } = given
  const workers = Math.max(options.workers.max, processes)
  if (options.remote !== null) {
    yield * checkRemote(options.remote)
    yield await checkAddress(given)
    if (options.fallback === undefined) return
  }
  const python = await checkPython(handler, options)
  yield python.finding
  if (options.remote === null) yield await checkAddress(given)
  yield checkDescriptors(
    { limit: descriptorLimit(), connections: given.limits.connections / processes, workers })
  yield checkCores({ cores: availableCores(), workers })
  if (python.survey === null) return
  let isFirst = true
  const { remote: _, ...local } = handler
  for await (const finding of checkApplication(local, (worker, isShared) => {
    const { bytes, source } = memoryLimit()
    return checkMemory({ limit: bytes, source, worker, workers, processes, isShared })
  })) {
    // What seems to be missing may come from a place that only the application knows.
    if (isFirst) yield * packages(python.survey, finding.status)
    isFirst = false
    yield finding
  }
}

/**
 * @param {import('../../option-remote.js').RemoteSettings} remote
 * @returns {AsyncGenerator<Finding>}
 */
async function * checkRemote (remote) {
  const { probeAll } = await import('../../remote/probe.js')
  for await (const { name, error, time } of probeAll(remote)) {
    yield error === null
      ? ok('remote', `${name} answers within ${Math.ceil(time)} ms`)
      : failure('remote', error)
  }
}

/**
 * @param {Record<string, any>} handler
 * @param {import('../../options.js').Settings} options the same, checked
 * @returns {Promise<{ finding: Finding, survey: Survey | null }>}
 */
async function checkPython (handler, options) {
  try {
    const interpreter = chooseInterpreter(options, { ...process.env, ...options.env })
    const survey = await surveyPython(interpreter, options, handler.appTarget)
    const { executable, version } = survey
    const detail = `${executable} (Python ${version}, from ${interpreter.reason})`
    return { finding: ok('interpreter', detail), survey }
  } catch (error) {
    return { finding: failure('interpreter', error), survey: null }
  }
}

/**
 * @param {Survey} survey
 * @param {import('./finding.js').Status} outcome of the start of the application
 * @returns {Finding[]}
 */
function packages ({ missing, distributions }, outcome) {
  if (missing.length > 0) {
    return missing.map(({ module, file, line, command }) => ({
      name: 'packages',
      status: outcome === 'error' ? 'error' : 'warning',
      detail: `${module}, which ${file}:${line} imports, is not installed`,
      remedy: command
    }))
  }
  const names = Object.entries(distributions).map((entry) => entry.join(' ')).join(', ')
  return [ok('packages', `nothing is missing${names === '' ? '' : `; there are ${names}`}`)]
}

/**
 * Listens for a moment.
 * @param {Arguments} given
 * @returns {Promise<Finding>}
 */
async function checkAddress ({ listening, tls, maxHeaderSize, limits }) {
  try {
    const server = makeServer(tls, maxHeaderSize, limits)
    const doors = new Doors(server)
    const places = await doors.open(listening.addresses,
      { ...listening, scheme: tls === null ? 'http' : 'https' })
    doors.close()
    await new Promise((resolve) => { server.close(resolve) })
    return ok('address', `${places.join(', ')} can be used`)
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof InvalidOptionError)) throw error
    return failure('address', error)
  }
}

/** How many files this process may open. Node raises the soft limit to the hard one. */
function descriptorLimit () {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const limit = Number(/^Max open files\s+(\S+)/m.exec(limits)?.[1])
    return limit > 0 ? limit : Infinity
  } catch {
    return Infinity // not Linux
  }
}
