/**
 * Writes docs/reference/ from the type declarations in addon/lib/types and from `node-asgi
 * --help-all`. With --check it writes nothing, and fails if a page is not what it would write.
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { Application } from 'typedoc'

const path = (/** @type {string} */ name) => fileURLToPath(new URL(`../${name}`, import.meta.url))

const REFERENCE = path('docs/reference')

/** The pages that TypeDoc writes, in the order of the index: one for each file in types/. */
const PAGES = {
  handler: {
    title: 'Handler',
    about: '`PythonHandler`: its methods and properties'
  },
  observation: {
    title: 'Events and statistics',
    about: 'the [events](observation.md#pythonhandlerevents) of `PythonHandler`, and the ' +
      '[statistics](observation.md#poolstats) that `stats()` returns'
  },
  diagnostics: {
    title: 'Diagnostics channels',
    about: 'the channels that show every request; [Observability](../observability.md) is the guide'
  },
  options: {
    title: 'Options',
    about: 'the options of `new PythonHandler(options)`, with their defaults and ranges'
  },
  timing: {
    title: 'Times and restarts',
    about: 'the groups of options `timeouts`, `restart` and `recycle`'
  },
  remote: {
    title: 'Remote options',
    about: 'the option `remote`, and the statistics of endpoints; [Python somewhere ' +
      'else](../remote.md) is the guide'
  },
  isolation: {
    title: 'Isolation options',
    about: 'the group of options `isolation`; [Isolation](../isolation.md) is the guide'
  },
  http: {
    title: 'Requests and responses',
    about: '`Request`, `Response`, `StreamingResponse` and `Headers`'
  },
  websocket: {
    title: 'WebSockets',
    about: '`WebSocketConnection`, which `connect()` returns'
  },
  fastify: {
    title: 'Fastify',
    about: 'the plugin `node-asgi/fastify`; [Frameworks](../frameworks.md) is the guide'
  },
  health: {
    title: 'Health',
    about: '`python.health`; [Observability](../observability.md#health) is the guide'
  },
  metrics: {
    title: 'Metrics',
    about: '`createMetrics()` of `node-asgi/metrics`; ' +
      '[Observability](../observability.md#metrics) is the guide'
  },
  tracing: {
    title: 'Tracing',
    about: '`PythonInstrumentation` of `node-asgi/tracing`; ' +
      '[Observability](../observability.md#traces) is the guide'
  },
  vite: {
    title: 'Vite',
    about: 'the plugin `node-asgi/vite`; [Frameworks](../frameworks.md#vite) is the guide'
  },
  testing: {
    title: 'Testing',
    about: '`testPython()` of `node-asgi/testing`; [Testing](../testing.md) is the guide'
  },
  errors: {
    title: 'Error classes',
    about: 'the properties of each class; [Errors](../errors.md) explains every code'
  }
}

/** The pages that are made from the help of a command. */
const COMMANDS = {
  'command-line': {
    args: [],
    title: 'Command line',
    about: 'the arguments and options of `node-asgi`'
  },
  check: {
    args: ['check'],
    title: 'node-asgi check',
    about: 'the arguments and options of the command that finds out what would go wrong'
  },
  routes: {
    args: ['routes'],
    title: 'node-asgi routes',
    about: 'the arguments and options of the command that lists what an application offers'
  },
  capacity: {
    args: ['capacity'],
    title: 'node-asgi capacity',
    about: 'the arguments and options of the command that says how many processes a load needs; ' +
      '[Scaling](../scaling.md#how-many) is the guide'
  },
  completion: {
    args: ['completion'],
    title: 'node-asgi completion',
    about: 'the arguments of the command that lets a shell complete options'
  },
  types: {
    args: ['types'],
    title: 'node-asgi types',
    about: 'the arguments and options of the command that writes TypeScript types'
  }
}

const NOTE = '<!-- Written by `npm run docs`: change the source, not this page. -->\n\n'

const TABLE = 'table'

/** Writes a page for each file of declarations into a folder. */
async function writeDeclarations (/** @type {string} */ folder) {
  const app = await Application.bootstrapWithPlugins(/** @type {any} */ ({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: Object.keys(PAGES).map((name) => path(`addon/lib/types/${name}.d.ts`)),
    tsconfig: path('tsconfig.json'),
    name: 'node-asgi',
    readme: 'none',
    outputs: [{ name: 'markdown', path: folder }],
    logLevel: 'Warn',
    treatWarningsAsErrors: true,
    disableGit: true,
    disableSources: true,
    excludeExternals: true,
    excludePrivate: true,
    sort: ['source-order'],
    kindSortOrder: ['Class', 'Interface', 'TypeAlias', 'Variable', 'Constructor', 'Property',
      'Accessor', 'Method'],
    outputFileStrategy: 'modules',
    expandObjects: true,
    hideBreadcrumbs: true,
    hidePageHeader: true,
    pageTitleTemplates: {
      module: (/** @type {{ name: keyof typeof PAGES }} */ { name }) => PAGES[name].title
    },
    parametersFormat: TABLE,
    interfacePropertiesFormat: TABLE,
    classPropertiesFormat: TABLE,
    propertyMembersFormat: TABLE,
    typeDeclarationFormat: TABLE,
    tableColumnSettings: { hideInherited: true, hideModifiers: true, hideSources: true }
  }))
  const project = await app.convert()
  if (project === undefined) throw new Error('the declarations could not be read')
  await app.generateOutputs(project)
  if (app.logger.hasErrors() || app.logger.hasWarnings()) {
    throw new Error('TypeDoc has warnings, see above')
  }
  for (const name of Object.keys(PAGES)) {
    const page = join(folder, `${name}.md`)
    writeFileSync(page, NOTE + readFileSync(page, 'utf8'))
  }
}

/**
 * The help as Markdown: a table for each list in it, everything else as it is.
 * @param {string} title
 * @param {string} help
 */
function helpPage (title, help) {
  const [usage, description, ...sections] = help.trim().split('\n\n')
  const page = [`# ${title}`, '```text\n' + usage.replace(/^Usage: /, '') + '\n```',
    description.replaceAll('\n', ' ')]
  for (const section of sections) {
    const [heading, ...lines] = section.split('\n')
    const list = /^(\S.*):$/.exec(heading)
    if (list === null) page.push(section.replaceAll('\n', '\\\n'))
    else page.push(`## ${list[1]}`, table(readList(lines)))
  }
  page.push('[Deploying](../deploying.md#settings) shows how to give options in variables and in ' +
    'a file. [Errors](../errors.md#exit-codes) lists the exit codes.')
  return NOTE + page.join('\n\n') + '\n'
}

/**
 * Reads "  term   description", where an indented line continues the one above it.
 * @param {string[]} lines
 */
function readList (lines) {
  /** @type {string[][]} */
  const rows = []
  for (const line of lines) {
    const row = /^ {2}(\S.*?) {2,}(\S.*)$/.exec(line)
    if (row !== null) rows.push([row[1], row[2]])
    else if (rows.length > 0 && /^ {3}/.test(line)) rows[rows.length - 1][1] += ` ${line.trim()}`
    else throw new Error(`a line of the help is not understood: ${line}`)
  }
  return rows
}

/** @param {string[][]} rows */
function table (rows) {
  const escape = (/** @type {string} */ text) => text.replaceAll('|', '\\|').replaceAll('<', '\\<')
  return ['| | |', '|---|---|',
    ...rows.map(([term, text]) => `| \`${term}\` | ${escape(text)} |`)].join('\n')
}

function indexPage () {
  const items = Object.entries(PAGES).map(([name, { title, about }]) =>
    `- [${title}](${name}.md): ${about}`)
  for (const [name, { title, about }] of Object.entries(COMMANDS)) {
    items.push(`- [${title}](${name}.md): ${about}`)
  }
  return `${NOTE}# Reference

These pages are generated from the [type declarations](../../addon/lib/types) and from
\`node-asgi --help-all\`, so they describe the code that they come with.

${items.join('\n')}
`
}

/** @param {string} folder */
async function writeReference (folder) {
  await writeDeclarations(folder)
  for (const [name, { title, args }] of Object.entries(COMMANDS)) {
    const help = execFileSync(process.execPath,
      [path('addon/bin/node-asgi.js'), ...args, '--help-all'], { encoding: 'utf8' })
    writeFileSync(join(folder, `${name}.md`), helpPage(title, help))
  }
  writeFileSync(join(folder, 'README.md'), indexPage())
}

/**
 * @param {string} folder
 * @returns {Map<string, string>}
 */
function pagesIn (folder) {
  return new Map(readdirSync(folder)
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}

/** @returns {Promise<string[]>} the pages that are missing, stale or left over */
async function findStale () {
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-reference-'))
  try {
    await writeReference(folder)
    const fresh = pagesIn(folder)
    const committed = pagesIn(REFERENCE)
    return [...new Set([...fresh.keys(), ...committed.keys()])]
      .filter((name) => fresh.get(name) !== committed.get(name)).sort()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (process.argv.includes('--check')) {
  const stale = await findStale()
  if (stale.length > 0) {
    console.error(`docs/reference is stale (${stale.join(', ')}); run \`npm run docs\``)
    process.exitCode = 1
  }
} else {
  rmSync(REFERENCE, { recursive: true, force: true })
  await writeReference(REFERENCE)
}
