// Combines the reports of several benchmarks.
import { targetTable } from './report.js'

/**
 * @param {Array<Part>} parts
 * @param {{ quick: boolean, stopped: boolean }} run
 * @returns {{ summary: string, text: string }} Markdown
 *
 * @typedef {import('./report.js').Target} Target
 * @typedef {{ name: string, failed: boolean, pages: string[], targets: Target[] }} Part
 */
export function combineReports (parts, { quick, stopped }) {
  const targets = parts.flatMap(part =>
    part.targets.map(target => ({ ...target, what: `${part.name}: ${target.what}` })))
  const failed = parts.filter(part => part.failed).map(({ name }) => name)
  const summary = [
    stopped ? 'Stopped before the end.' : '',
    quick ? 'Quick run: short measurements, few rounds.' : '',
    failed.length > 0 ? `FAILED: ${failed.join(', ')}.` : '',
    targets.length > 0 ? targetTable(targets) : ''
  ].filter(part => part !== '').join('\n\n')
  const pages = parts.flatMap(({ pages }) => pages)
    .map(page => page.replaceAll(/^#/gm, '##').trim())
  return { summary, text: ['# Benchmarks', summary, ...pages].join('\n\n') + '\n' }
}
