/**
 * Prints what `node-asgi check` finds: a line for each finding as soon as it is there, or JSON in
 * the end.
 */

import { paintFor, plain } from '../terminal/style.js'
import { readableTraceback } from '../terminal/traceback.js'

/** @typedef {import('./finding.js').Finding} Finding */
/** @typedef {import('../terminal/style.js').Paint} Paint */

/** @type {Record<string, [sign: string, look: import('../terminal/style.js').Look]>} */
const SIGNS = { ok: ['✓', 'green'], warning: ['!', 'yellow'], error: ['✗', 'red'] }

/** Characters: the longest name, and two. */
const WIDTH = 13

/**
 * @param {boolean} isJson
 * @param {(text: string) => void} [write]
 * @param {Paint} [paint]
 * @returns {{ add: (finding: Finding) => void, end: () => void }}
 */
export function printer (
  isJson, write = (text) => { process.stdout.write(text) }, paint = paintFor(process.stdout)
) {
  /** @type {Finding[]} */
  const findings = []
  return {
    add (finding) {
      findings.push(finding)
      if (!isJson) write(shown(finding, paint))
    },
    end () {
      const ok = !findings.some(({ status }) => status === 'error')
      write(isJson ? `${JSON.stringify({ ok, findings }, null, 2)}\n` : summary(findings))
    }
  }
}

/**
 * @param {Finding} finding
 * @param {Paint} paint
 */
function shown ({ name, status, detail, remedy, traceback }, paint) {
  const [sign, look] = SIGNS[status]
  const label = paint(`${sign} ${name}`, look, 'bold') + ' '.repeat(WIDTH - name.length)
  const lines = [label + detail]
  if (remedy !== undefined) lines.push(`  ${' '.repeat(WIDTH)}${paint(`→ ${remedy}`, 'cyan')}`)
  if (traceback !== undefined) {
    const text = traceback.trimEnd()
    lines.push('', paint === plain ? text : readableTraceback(text, paint), '')
  }
  return `${lines.join('\n')}\n`
}

/** @param {Finding[]} findings */
function summary (findings) {
  const count = (/** @type {string} */ status) =>
    findings.filter((finding) => finding.status === status).length
  const [errors, warnings] = [count('error'), count('warning')]
  const problems = `${errors} ${errors === 1 ? 'error' : 'errors'}, ${warnings} ` +
    (warnings === 1 ? 'warning' : 'warnings')
  return errors + warnings === 0 ? '\nEverything is fine.\n' : `\n${problems}\n`
}
