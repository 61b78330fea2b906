/** The pod that the chart of examples/kubernetes makes: rendered.json, which render.js writes. */

import { readFileSync } from 'node:fs'

/** @type {any[]} */
export const RESOURCES = JSON.parse(readFileSync(new URL('rendered.json', import.meta.url), 'utf8'))

/**
 * @param {string} kind
 * @returns {any}
 */
export function resource (kind) {
  return RESOURCES.find((each) => each.kind === kind)
}

const { spec } = resource('Deployment').spec.template
const [container] = spec.containers

export const POD = {
  spec,
  container,
  /** @type {string[]} */
  args: container.args,
  /** @type {number} */
  user: spec.securityContext.runAsUser,
  /** @type {string[]} */
  writable: container.volumeMounts.map((/** @type {any} */ { mountPath }) => mountPath),
  /** @param {string} name */
  port: (name) => container.ports.find((/** @type {any} */ port) => port.name === name)
    .containerPort
}

/**
 * The value of an option of the pod's command.
 * @param {string} flag
 */
export function optionOf (flag) {
  return POD.args[POD.args.indexOf(flag) + 1]
}

/**
 * The command of the pod with another value of some options.
 * @param {Record<string, string>} changed
 */
export function argsWith (changed) {
  const args = [...POD.args]
  for (const [flag, value] of Object.entries(changed)) {
    const at = args.indexOf(flag)
    if (at < 0) args.push(flag, value)
    else args[at + 1] = value
  }
  return args
}
