/**
 * Writes rendered.json: what the chart makes of its default values, with KEDA and the Prometheus
 * operator. It needs Helm, which setup.sh installs.
 */

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { parseAllDocuments } from 'yaml'

export const HELM = fileURLToPath(new URL('../../../build/helm/helm', import.meta.url))
export const CHART = fileURLToPath(new URL('../../../examples/kubernetes/chart', import.meta.url))

/** What rendered.json has in addition to the defaults. */
export const SHOWN = { 'autoscaling.kind': 'keda', 'serviceMonitor.enabled': true }

/**
 * @param {Record<string, unknown>} values
 * @returns {string} YAML
 */
export function template (values) {
  const set = Object.entries(values).flatMap(([key, value]) =>
    ['--set-json', `${key}=${JSON.stringify(value)}`])
  return execFileSync(HELM, ['template', 'shop', CHART, '--namespace', 'default', ...set],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** @param {string} yaml */
export function parse (yaml) {
  return parseAllDocuments(yaml).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]
    return document.toJS()
  }).filter((each) => each !== null)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = new URL('rendered.json', import.meta.url)
  writeFileSync(file, `${JSON.stringify(parse(template(SHOWN)), null, 2)}\n`)
}
