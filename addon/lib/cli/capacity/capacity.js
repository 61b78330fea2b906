/**
 * Runs `node-asgi capacity`.
 */

import { availableCores } from '../../util/available-cores.js'
import { columns } from '../columns.js'
import { CommandError, exitCodeOf } from '../failure.js'
import { createLogger } from '../logger.js'
import { MIB } from '../values.js'
import { measure } from './measure.js'
import { plan } from './model.js'

/** @typedef {import('./measure.js').Measured} Measured */
/** @typedef {import('./model.js').Costs} Costs */
/** @typedef {import('./model.js').Limits} Limits */
/** @typedef {import('./model.js').Plan} Plan */
/** @typedef {import('./model.js').Station} Station */

const MICROSECONDS_OF_MILLISECOND = 1000

/** What is full first, and what helps. docs/scaling.md says more. */
const FULL = {
  python: 'Python; add workers',
  node: 'Node; add Node processes',
  cores: 'the machine; add cores or machines'
}

/**
 * @param {import('../settings/resolve.js').Settings} settings
 * @returns {Promise<number>} the exit code: 1 also if no number of processes keeps the wait
 */
export async function capacity ({ values, fail }) {
  const logger = createLogger('info')
  try {
    const { metrics, seconds } = values
    const measured = metrics === undefined ? null : await measure(metrics, seconds)
    const rate = values.rate ?? measured?.rate ?? fail('--rate is missing: the requests/s to serve')
    const costs = costsOf(values, measured, fail)
    /** @type {Limits} */
    const limits = {
      utilization: values.utilization / 100,
      wait: values.wait ?? Infinity,
      cores: values.cores ?? availableCores(),
      concurrency: values.concurrency
    }
    const planned = plan(rate, costs, limits)
    process.stdout.write(values.json
      ? `${JSON.stringify({ rate, costs, limits, plan: planned }, null, 2)}\n`
      : asText(rate, costs, planned, measured))
    if (planned.inTime) return 0
    throw new CommandError(`99 of 100 requests wait ${time(planned.wait)} at most, longer than ` +
      `--wait ${limits.wait / 1000}. More processes do not help: give a lower --utilization or ` +
      'more --cores')
  } catch (error) {
    return exitCodeOf(error, logger)
  }
}

/**
 * @param {Record<string, any>} values
 * @param {Measured | null} measured
 * @param {(message: string) => never} fail
 * @returns {Costs}
 */
function costsOf (values, measured, fail) {
  const cost = (/** @type {'node' | 'python'} */ side) => values[`${side}Cost`] ??
    measured?.costs[side] ?? fail(`--${side}-cost is missing: give it, or the URL of the metrics ` +
      'of a running server')
  const node = cost('node')
  const python = cost('python')
  return {
    node,
    python,
    duration: values.duration ?? measured?.costs.duration ?? python / MICROSECONDS_OF_MILLISECOND,
    nodeMemory: values.nodeMemory ?? measured?.costs.nodeMemory ?? 0,
    workerMemory: values.workerMemory ?? measured?.costs.workerMemory ?? 0
  }
}

/**
 * @param {number} rate
 * @param {Costs} costs
 * @param {Plan} planned
 * @param {Measured | null} measured
 */
function asText (rate, costs, planned, measured) {
  const { machines, node, python, cores, wait, inFlight, memory, full } = planned
  const each = machines === 1 ? '' : ' on each machine'
  const facts = [
    ['load', `${count(rate)} requests/s, some ${count(inFlight)} of them in flight`],
    ['cost of a request', `${micro(costs.node)} of CPU time in Node, ${micro(costs.python)} in ` +
      `Python, ${time(costs.duration)} in all`]
  ]
  if (measured !== null) facts.push(['measured at', `${count(measured.rate)} requests/s`])
  facts.push(
    ['machines', `${machines} with ${plural(cores.count, 'core')}`],
    ['memory', memory === 0 ? 'unknown' : `${count(memory / MIB)} MiB${each} at most`],
    ['options', `--processes ${node.count} --workers ${python.count}${each}`],
    ['waits for CPU time', `99 of 100 requests: ${time(wait)} at most`],
    ['full first', `${FULL[full]} (at ${count(planned[full].rate)} requests/s)`]
  )
  const row = (/** @type {string} */ name, /** @type {Station} */ { count: many, busy, ...rest }) =>
    [name, String(many), `${count(busy * 100)} %`, time(rest.wait), count(rest.rate)]
  return `${columns(facts)}
${columns([
  [machines === 1 ? '' : 'each machine', 'count', 'busy', 'wait', 'full at'],
  row('Node processes', node), row('workers', python), row('cores', cores)
])}`
}

/** @param {number} number */
function count (number) {
  return number >= 10 ? Math.round(number).toLocaleString('en') : String(+number.toPrecision(2))
}

/**
 * @param {number} number
 * @param {string} name
 */
function plural (number, name) {
  return `${number} ${name}${number === 1 ? '' : 's'}`
}

/** @param {number} microseconds */
function micro (microseconds) {
  return `${count(microseconds)} µs`
}

/** @param {number} milliseconds */
function time (milliseconds) {
  return `${count(milliseconds)} ms`
}
