/**
 * The cells of the matrix. Each is a system, a version of Node.js and one of Python.
 *
 * One build of the addon serves every version of Node.js, and one of the worker every version of
 * Python, so a cell varies one of them and not each pair.
 */

/**
 * @typedef {object} Cell
 * @property {string} name what --only takes
 * @property {string} [root] the root file system that it runs in, below build/platforms/roots.
 *   Default: this machine
 * @property {Runtime} runtime
 * @property {string} python a version, 'python3' (that of the system), or a folder below
 *   build/platforms/pythons
 * @property {RegExp} [refusal] what the program prints if node-asgi must refuse to run there
 * @property {boolean} [slow] the processor is emulated
 * @property {string} [pretend] what Node.js takes the system for: a value of process.platform
 *
 * @typedef {object} Runtime
 * @property {'node' | 'bun' | 'deno'} kind
 * @property {string} version a version or a range of npm
 * @property {'x64' | 'arm64' | 'x64-musl'} build
 */

/**
 * Node.js where a cell is about something else.
 * @type {Runtime}
 */
export const NODE = { kind: 'node', version: '24', build: 'x64' }
const FREE_THREADED = /free-threaded/

/** @type {Cell[]} */
export const CELLS = [
  ...['20.0', '20', '22', '24', '26'].map((version) => (
    { name: `node-${version}`, runtime: { ...NODE, version }, python: 'python3' })),
  ...['3.10', '3.11', '3.12', '3.13'].map((python) => (
    { name: `python-${python}`, runtime: NODE, python })),
  { name: 'python-3.14', root: 'debian-sid', runtime: NODE, python: 'python3' },
  ...['3.13t', '3.14t'].map((python) => (
    {
      name: `python-${python}`,
      root: 'debian-11',
      runtime: NODE,
      python: `gnu-${python}`,
      refusal: FREE_THREADED
    })),
  {
    name: 'debian-11-python-3.9',
    root: 'debian-11',
    runtime: NODE,
    python: 'python3',
    refusal: /needs Python 3\.10 or later, but this is 3\.9/
  },
  { name: 'debian-11', root: 'debian-11', runtime: NODE, python: 'gnu-3.13' },
  { name: 'debian-13', root: 'debian-13', runtime: NODE, python: 'python3' },
  {
    name: 'arm64',
    root: 'debian-13-arm64',
    runtime: { ...NODE, build: 'arm64' },
    python: 'python3',
    slow: true
  },
  { name: 'musl', root: 'musl', runtime: { ...NODE, build: 'x64-musl' }, python: 'musl-3.13' },
  {
    name: 'bun',
    runtime: { kind: 'bun', version: '1', build: 'x64' },
    python: 'python3',
    refusal: /Bun/
  },
  {
    name: 'deno',
    runtime: { kind: 'deno', version: '2', build: 'x64' },
    python: 'python3',
    refusal: /Deno/
  },
  { name: 'windows', runtime: NODE, python: 'python3', pretend: 'win32', refusal: /WSL/ }
]

/**
 * The cells that `only` names, in the order of the list.
 * @param {string | undefined} only names, separated by commas
 * @returns {Cell[]}
 */
export function chosen (only) {
  if (only === undefined) return CELLS
  const names = only.split(',')
  const unknown = names.filter((name) => !CELLS.some((cell) => cell.name === name))
  if (unknown.length > 0) {
    throw new Error(`Unknown cells: ${unknown.join(', ')}. --list prints the names of all`)
  }
  return CELLS.filter(({ name }) => names.includes(name))
}
