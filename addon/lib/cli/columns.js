/**
 * @param {string[][]} rows cells
 * @param {number} [widest] cells that are wider do not widen their column
 * @returns {string} the rows with aligned columns, each with a newline
 */
export function columns (rows, widest = Infinity) {
  /** @type {number[]} */
  const widths = []
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, i) => {
      if (cell.length <= widest) widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  }
  return rows.map((row) => row.map((cell, i) =>
    i < row.length - 1 ? cell.padEnd(widths[i]) : cell).join('  ').trimEnd() + '\n').join('')
}
