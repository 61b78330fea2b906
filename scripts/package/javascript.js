/**
 * Makes the JavaScript of the published package from that of the checkout.
 *
 * The checkout has ES modules. They become CommonJS modules, the *implementation*, because each
 * Node.js that we support can load those with `import` and with `require()`, and so can Jest.
 * However a program loads the package, it gets the same modules, and with them the same classes.
 *
 * Each entry of `exports` gets a second file for `import`. A third file is for bundlers, which
 * alone know the condition `module`: native files and Python files cannot be part of a bundle, so
 * this file finds the installed package when the bundle runs.
 */

import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { rolldown } from 'rolldown'

import { breakLines } from './break-lines.js'
import { root } from './platforms.js'

/** Where the implementation is in the package, and the way from there to the package's root. */
const IMPLEMENTATION = 'addon/implementation'
const UP = '../..'

/** Modules that run in a process of their own. */
const PROGRAMS = ['addon/lib/cli/cluster/member.js']

/** What the package looks for to know that it is a checkout. */
const CHECKOUT_ONLY = 'CMakeLists.txt'

/** The module that says where the package's other files are. */
const LOCATIONS = 'locations.js'

/** What to do when a bundle does not find the package. */
const BUNDLED = 'A bundle needs the installed package node-asgi, and cannot find it. node-asgi ' +
  'has native files and Python files, so it is not in the bundle. Install it in node_modules ' +
  'where the program runs. If it is there, tell the bundler to leave it out: ' +
  "Next.js: serverExternalPackages: ['node-asgi']; " +
  "webpack: externals: { 'node-asgi': 'commonjs node-asgi' }; " +
  "Vite: ssr: { external: ['node-asgi'] }; " +
  'esbuild: --external:node-asgi; ncc: --external node-asgi. ' +
  'See https://github.com/node-asgi/node-asgi/blob/main/docs/bundlers.md'

/**
 * Writes the modules and declarations of the package.
 * @param {string} folder of the package
 * @param {Record<string, any>} checkout the package.json of the checkout
 * @param {string[]} files the other files and folders of the package
 * @returns {Promise<Record<string, any>>} that of the package
 */
export async function buildJavaScript (folder, checkout, files) {
  const entries = Object.entries(checkout.exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([name, { types, default: file }]) => ({ name, types, file }))
  const commands = Object.entries(checkout.bin)
  const modules =
    [...entries.map(({ file }) => file), ...commands.map(([, file]) => file), ...PROGRAMS]

  const chunks = await bundle(modules, join(folder, IMPLEMENTATION), files)
  cpSync(join(root, 'addon/lib/types'), join(folder, 'addon/lib/types'), { recursive: true })
  for (const entry of entries) {
    writeEntry(folder, entry, chunks.find(({ name }) => name === nameOf(entry.file)).exports)
  }
  return {
    ...checkout,
    type: 'commonjs',
    sideEffects: false,
    exports: {
      ...Object.fromEntries(entries.map(({ name, types, file }) => [name, {
        module: bundled(file),
        import: { types: esm(types), default: esm(file) },
        default: { types, default: implementation(file) }
      }])),
      './package.json': './package.json'
    },
    // Next to `exports`, for what ignores it, such as TypeScript's resolution "node".
    main: implementation(entries[0].file),
    types: entries[0].types,
    typesVersions: {
      '*': Object.fromEntries(entries.slice(1).map(({ name, types }) => [name.slice(2), [types]]))
    },
    bin: Object.fromEntries(commands.map(([name, file]) => [name, implementation(file)]))
  }
}

/** index.js: 'index' */
const nameOf = (/** @type {string} */ file) => basename(file, '.js')

/** index.js: index.mjs, index.d.ts: index.d.mts */
const esm = (/** @type {string} */ file) => file.replace(/[jt]s$/, 'm$&')

/** index.js: index.bundled.mjs */
const bundled = (/** @type {string} */ file) => file.replace(/js$/, 'bundled.mjs')

/** The CommonJS module that is made of an ES module. */
const implementation = (/** @type {string} */ file) => `./${IMPLEMENTATION}/${basename(file)}`

/**
 * Makes CommonJS modules of ES modules: one for each of `modules`, those that they share, and one
 * with the locations of files.
 * @param {string[]} modules
 * @param {string} folder for the modules
 * @param {string[]} files the other files and folders of the package
 */
async function bundle (modules, folder, files) {
  const locations = moveLocations(files)
  const build = await rolldown({
    input: Object.fromEntries(modules.map((file) => [nameOf(file), join(root, file)])),
    platform: 'node',
    external: /^[\w@]/,
    plugins: [locations.plugin, {
      name: 'break-lines',
      generateBundle (_, chunks) {
        for (const chunk of Object.values(chunks)) {
          if (chunk.type === 'chunk') chunk.code = breakLines(chunk.fileName, chunk.code)
        }
      }
    }],
    onLog (level, { message }) { throw new Error(message) }
  })
  const { output } = await build.write({
    dir: folder,
    format: 'cjs',
    exports: 'named',
    esModule: true,
    strict: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'shared-[name].js',
    comments: false,
    // Smaller, and so sooner compiled. Functions and classes keep their names, for stack traces.
    minify: {
      mangle: { keepNames: true },
      compress: { target: 'es2023', keepNames: { function: true, class: true } },
      codegen: { removeWhitespace: true }
    }
  })
  writeFileSync(join(folder, LOCATIONS), locations.code())
  return output
}

/**
 * Moves the expressions with `import.meta`, which CommonJS does not have, and those that find a
 * file of another package into a module of their own, which is written as file tracers expect it.
 * @param {string[]} files the files and folders of the package
 * @returns {{ plugin: import('rolldown').Plugin, code: () => string }} the code of that module
 */
function moveLocations (files) {
  const placeholder = 'node-asgi:locations'
  /** @type {Set<string>} paths from the root */
  const found = new Set()
  /** @type {Set<string>} files of other packages */
  const elsewhere = new Set()
  const locationOf = (/** @type {string} */ path) => {
    if (files.some((each) => path === each || path.startsWith(`${each}/`))) {
      return `join(__dirname, '${UP}/${path}')`
    }
    if (PROGRAMS.includes(path)) return `join(__dirname, '${basename(path)}')`
    if (path === CHECKOUT_ONLY) return `'/not published/${path}'`
    throw new Error(`${path} is not in the package, so its code cannot refer to it`)
  }
  return {
    plugin: {
      name: 'locations',
      transform (code, file) {
        const moved = code
          .replace(/new URL\('([^']+)', import\.meta\.url\)/g, (_, path) => {
            const fromRoot = join(dirname(file), path).slice(root.length)
            found.add(fromRoot)
            return `require('${placeholder}')['${fromRoot}']`
          })
          .replace(/\brequire\.resolve\('([^']+)'\)/g, (_, file) => {
            elsewhere.add(file)
            return `require('${placeholder}')['${file}']()`
          })
          .replace(/^const require = createRequire\(import\.meta\.url\)$/m, '')
        if (moved.includes('import.meta')) throw new Error(`${file}: unknown use of import.meta`)
        return moved
      },
      renderChunk: (code) => code.replaceAll(placeholder, `./${LOCATIONS}`)
    },
    code: () => [
      "'use strict'",
      "const { join } = require('node:path')",
      "const { pathToFileURL } = require('node:url')",
      ...[...found].sort().map((path) => `exports['${path}'] = pathToFileURL(${locationOf(path)})`),
      // To ncc, `require.resolve('….css')` would be a module to compile. @vercel/nft does not look
      // into an arrow function without braces.
      'const { resolve } = require',
      ...[...elsewhere].sort().map((file) =>
        `exports['${file}'] = function () { return resolve('${file}') }`),
      ''
    ].join('\n')
  }
}

/**
 * @param {string} folder of the package
 * @param {{ name: string, types: string, file: string }} entry
 * @param {string[]} exported the names that it exports
 */
function writeEntry (folder, { name, types, file }, exported) {
  const write = (/** @type {string} */ path, /** @type {string[]} */ ...lines) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), `${lines.join('\n')}\n`)
  }
  const named = exported.filter((each) => each !== 'default').join(', ')
  const hasDefault = exported.includes('default')
  const exports = [
    ...named === '' ? [] : [`export const { ${named} } = api`],
    ...hasDefault ? ['export default api.default'] : []
  ]
  write(esm(file), `import api from '${relative(dirname(file), implementation(file))}'`, ...exports)
  // webpack would follow `import { createRequire }`, so it is not imported by its name.
  const specifier = `node-asgi${name.slice(1)}`
  write(bundled(file),
    "import module from 'node:module'",
    'const load =',
    "  module.createRequire(typeof __filename === 'string' ? __filename : import.meta.url)",
    'let api',
    'try {',
    `  api = load('${specifier}')`,
    '} catch (error) {',
    `  if (!error.message.includes("'${specifier}'")) throw error`,
    `  throw Object.assign(new Error(${JSON.stringify(BUNDLED)}, { cause: error }), {`,
    "    code: 'ERR_BUNDLED'",
    '  })',
    '}',
    ...exports)
  copyFileSync(join(root, types), join(folder, types))
  // Classes must be declared once. But to an ES module, the default export of a CommonJS module is
  // the module itself, so such a declaration cannot be passed on.
  if (hasDefault) copyFileSync(join(root, types), join(folder, esm(types)))
  else write(esm(types), `export * from './${basename(types, '.d.ts')}.js'`)
}
