/**
 * Makes the JavaScript of the published package from that of the checkout.
 *
 * The checkout has ES modules. They become CommonJS modules, the *implementation*, because each
 * Node.js that we support can load those with `import` and with `require()`, and so can Jest.
 * However a program loads the package, it gets the same modules, and with them the same classes.
 *
 * Each entry of `exports` becomes two small files, one for `import` and one for `require()`. Both
 * load the implementation by its name. Bundlers leave such a call alone, so the native files and
 * the Python files, which no bundle can contain, stay in the package. File tracers follow the call.
 */

import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Where the implementation is in the package, and the way from there to the package's root. */
const IMPLEMENTATION = 'addon/implementation'
const UP = '/../../'

/** What somebody who has bundled the package after all has to know. */
const BUNDLED = 'node-asgi has been bundled, and its installed package cannot be found. It has ' +
  'native files and Python files, so it has to stay outside of the bundle, in node_modules where ' +
  'the program runs. ' +
  'esbuild: --external:node-asgi. ' +
  "webpack: externals: { 'node-asgi': 'commonjs node-asgi' }. " +
  "Next.js: serverExternalPackages: ['node-asgi']. " +
  "Vite: ssr: { external: ['node-asgi'] }. " +
  'ncc: --external node-asgi. ' +
  'See https://github.com/node-asgi/node-asgi/blob/main/docs/bundlers.md'

/**
 * Writes the modules and declarations of the package.
 * @param {string} folder of the package
 * @param {Record<string, any>} checkout the package.json of the checkout
 * @returns {Promise<Record<string, any>>} that of the package
 */
export async function buildJavaScript (folder, checkout) {
  const entries = Object.entries(checkout.exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([name, { types, default: file }]) => ({ name, types, file }))
  const commands = Object.entries(checkout.bin)
  const files = [...entries.map(({ file }) => file), ...commands.map(([, file]) => file)]

  const chunks = await bundle(files, join(folder, IMPLEMENTATION))
  cpSync(join(root, 'addon/lib/types'), join(folder, 'addon/lib/types'), { recursive: true })
  for (const entry of entries) {
    writeEntry(folder, entry, chunks.find(({ name }) => name === nameOf(entry.file)).exports)
  }
  return {
    ...checkout,
    type: 'commonjs',
    exports: {
      ...Object.fromEntries(entries.map(({ name, types, file }) => [name, {
        import: { types: esm(types), default: esm(file) },
        default: { types, default: file }
      }])),
      './implementation/*': `./${IMPLEMENTATION}/*.js`,
      './package.json': './package.json'
    },
    // Next to `exports`, for what ignores it, such as TypeScript's resolution "node".
    main: entries[0].file,
    types: entries[0].types,
    typesVersions: {
      '*': Object.fromEntries(entries.slice(1).map(({ name, types }) => [name.slice(2), [types]]))
    },
    bin: Object.fromEntries(commands.map(([name, file]) =>
      [name, `${IMPLEMENTATION}/${basename(file)}`]))
  }
}

/** index.js: 'index' */
const nameOf = (/** @type {string} */ file) => basename(file, '.js')

/** index.js: index.mjs, index.d.ts: index.d.mts */
const esm = (/** @type {string} */ file) => file.replace(/[jt]s$/, 'm$&')

/**
 * Makes CommonJS modules of ES modules: one for each of `files`, and those that they share.
 * @param {string[]} files
 * @param {string} folder for the modules
 */
async function bundle (files, folder) {
  const build = await rolldown({
    input: Object.fromEntries(files.map((file) => [nameOf(file), join(root, file)])),
    platform: 'node',
    external: /^[\w@]/,
    plugins: [{ name: 'locations', transform: placeLocations }],
    onLog (level, { message }) { throw new Error(message) }
  })
  const { output } = await build.write({
    dir: folder,
    format: 'cjs',
    strict: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'shared-[name].js',
    comments: false
  })
  return output
}

/**
 * Writes the expressions that depend on the place of a module anew for the place of its code in the
 * package, in a form that file tracers understand.
 * @param {string} code
 * @param {string} file
 */
function placeLocations (code, file) {
  const placed = code
    .replace(/new URL\('([^']+)', import\.meta\.url\)/g, (_, path) => {
      const target = join(dirname(file), path).slice(root.length)
      return `require('node:url').pathToFileURL(__dirname + '${UP}${target}')`
    })
    .replace(/^const require = createRequire\(import\.meta\.url\)$/m, '')
    .replaceAll('createRequire(import.meta.url)', 'require')
  if (placed.includes('import.meta')) {
    throw new Error(`${file}: scripts/package/javascript.js does not know this use of import.meta`)
  }
  return placed
}

/**
 * @param {string} folder of the package
 * @param {{ types: string, file: string }} entry
 * @param {string[]} names that it exports
 */
function writeEntry (folder, { types, file }, names) {
  const write = (/** @type {string} */ path, /** @type {string[]} */ lines) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), `${lines.join('\n')}\n`)
  }
  const load = [
    'let api',
    'try {',
    `  api = load('node-asgi/implementation/${nameOf(file)}')`,
    '} catch (error) {',
    "  if (!error.message.includes('node-asgi/implementation')) throw error",
    `  throw Object.assign(new Error(${JSON.stringify(BUNDLED)}, { cause: error }), {`,
    "    code: 'ERR_BUNDLED'",
    '  })',
    '}'
  ]
  write(file, [
    "'use strict'",
    "const { createRequire } = require('node:module')",
    'const load = createRequire(__filename)',
    ...load,
    ...names.map((name) => `exports.${name} = api.${name}`)
  ])
  write(esm(file), [
    "import { createRequire } from 'node:module'",
    "const load = createRequire(typeof __filename === 'string' ? __filename : import.meta.url)",
    ...load,
    ...names.map((name) => `export const ${name} = api.${name}`)
  ])
  copyFileSync(join(root, types), join(folder, types))
  write(esm(types), [`export * from './${basename(file)}'`])
}
