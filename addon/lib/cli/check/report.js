/**
 * Prints what `node-asgi check` finds: a line for each finding as soon as it is there, or JSON in
 * the end.
 */

/** @typedef {import('./finding.js').Finding} Finding */

const SIGNS = { ok: '✓', warning: '!', error: '✗' }

/** Characters: the longest name, and two. */
const WIDTH = 13

/**
 * @param {boolean} isJson
 * @param {(text: string) => void} [write]
 * @returns {{ add: (finding: Finding) => void, end: () => void }}
 */
export function printer (isJson, write = (text) => { process.stdout.write(text) }) {
  /** @type {Finding[]} */
  const findings = []
  return {
    add (finding) {
      findings.push(finding)
      if (!isJson) write(shown(finding))
    },
    end () {
      const ok = !findings.some(({ status }) => status === 'error')
      write(isJson ? `${JSON.stringify({ ok, findings }, null, 2)}\n` : summary(findings))
    }
  }
}

/** @param {Finding} finding */
function shown ({ name, status, detail, remedy, traceback }) {
  const lines = [`${SIGNS[status]} ${name.padEnd(WIDTH)}${detail}`]
  if (remedy !== undefined) lines.push(`  ${' '.repeat(WIDTH)}→ ${remedy}`)
  if (traceback !== undefined) lines.push('', ...traceback.trimEnd().split('\n'), '')
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
