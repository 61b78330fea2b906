/**
 * Which file may import which, type imports included. scripts/import-graph.js checks it.
 *
 * The layers of the package, from top to bottom. A file imports from its own layer and from the
 * layers below it. A new folder of addon/lib gets its place in this list.
 */
export const layers = [
  ['cli', '^addon/(bin|lib/cli)/'],
  ['testing', '^addon/lib/testing/'],
  ['adapters', '^addon/lib/adapters/'],
  ['index', '^addon/lib/index[.]js$'],
  ['handler', '^addon/lib/(handler|service)[.]js$'],
  ['dashboard', '^addon/lib/dashboard/'],
  ['reload', '^addon/lib/reload/'],
  ['websocket', '^addon/lib/websocket/'],
  ['http', '^addon/lib/http/'],
  ['remote', '^addon/lib/remote/'],
  ['supervisor', '^addon/lib/supervisor/'],
  ['pool', '^addon/lib/pool/'],
  ['worker', '^addon/lib/worker/'],
  ['stream', '^addon/lib/stream/'],
  ['observe', '^addon/lib/observe/'],
  ['message', '^addon/lib/message/'],
  ['interpreter', '^addon/lib/interpreter/'],
  ['root', '^addon/lib/((errors|native)/|(binding|errors|options|option-[\\w-]+)[.]js$)'],
  ['util', '^addon/lib/util/']
]

const everyLayer = layers.map(([, path]) => path)
const declarations = '^addon/lib/(index[.]d[.]ts$|types/)'

const upward = layers.slice(1).map(([name], index) => ({
  name: `${name}-imports-upwards`,
  comment: `"${name}" may import only itself and the layers below it (.dependency-cruiser.js)`,
  severity: 'error',
  from: { path: everyLayer[index + 1] },
  to: { path: everyLayer.slice(0, index + 1) }
}))

export default {
  forbidden: [
    {
      name: 'cycle',
      comment: 'These files import each other',
      severity: 'error',
      from: {},
      to: { circular: true }
    },
    ...upward,
    {
      name: 'declarations-are-apart',
      comment: 'Declarations are for users of the package. The code has its own types in JSDoc',
      severity: 'error',
      from: { path: '^addon/', pathNot: declarations },
      to: { path: declarations }
    },
    {
      name: 'declarations-import-code',
      comment: 'Declarations import only declarations',
      severity: 'error',
      from: { path: declarations },
      to: { path: '^(addon|bench|test)/', pathNot: declarations }
    },
    {
      name: 'package-imports-development',
      comment: 'The published package contains neither benchmarks nor tests',
      severity: 'error',
      from: { path: '^addon/' },
      to: { path: '^(bench|examples|fixtures|scripts|test)/' }
    },
    {
      name: 'no-layer',
      comment: 'No layer in .dependency-cruiser.js has the importing file',
      severity: 'error',
      from: { path: '^addon/', pathNot: [...everyLayer, declarations] },
      to: {}
    },
    {
      name: 'no-layer',
      comment: 'No layer in .dependency-cruiser.js has the imported file',
      severity: 'error',
      from: {},
      to: { path: '^addon/', pathNot: [...everyLayer, declarations] }
    },
    {
      name: 'orphan',
      comment: 'This file imports nothing, and nothing imports it',
      severity: 'error',
      from: { path: '^addon/', orphan: true },
      to: {}
    }
  ],
  options: {
    detectJSDocImports: true,
    tsPreCompilationDeps: true,
    doNotFollow: 'node_modules',
    exclude: '(^|/)([.](venv|npm|peer)|node_modules|results|sources)/'
  }
}
