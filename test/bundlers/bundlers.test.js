// Programs that have been bundled: next to node_modules, and alone.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { elsewhere, folder, load, modules, run, skip, tool } from './installed.js'

const program = (extension) => join(folder, `program.${extension}`)

/** Each writes a bundle of program.mjs or program.cjs into a folder and returns its path. */
const BUNDLERS = {
  'esbuild, CommonJS': (extension, out) => esbuild(extension, out, 'cjs'),
  'esbuild, ES module': (extension, out) => esbuild(extension, out, 'esm'),
  async webpack (extension, out) {
    const compiler = load('webpack')({
      entry: program(extension),
      mode: 'production',
      target: 'node',
      output: { path: out, filename: 'bundle.cjs' }
    })
    const stats = await new Promise((resolve, reject) => compiler.run((error, result) =>
      error ? reject(error) : resolve(result)))
    const { errors, warnings } = stats.toJson('errors-warnings')
    assert.deepEqual([...errors, ...warnings], [])
    return join(out, 'bundle.cjs')
  },
  'Vite SSR': (extension, out) => vite(extension, out, {}),
  'Vite SSR, everything in the bundle': (extension, out) =>
    vite(extension, out, { noExternal: true })
}

async function esbuild (extension, out, format) {
  const outfile = join(out, format === 'cjs' ? 'bundle.cjs' : 'bundle.mjs')
  const { warnings } = await load('esbuild').build({
    entryPoints: [program(extension)], bundle: true, platform: 'node', format, outfile
  })
  // The file for bundlers prefers __filename, which is what CommonJS has.
  assert.deepEqual(warnings.filter(({ id }) => id !== 'empty-import-meta'), [])
  return outfile
}

async function vite (extension, out, ssr) {
  const { build } = await import(load.resolve('vite'))
  await build({
    configFile: false,
    logLevel: 'error',
    root: folder,
    ssr,
    build: {
      ssr: program(extension),
      outDir: out,
      rollupOptions: { output: { entryFileNames: 'bundle.mjs' } }
    }
  })
  return join(out, 'bundle.mjs')
}

/** In the folder of the project, so that node_modules can be found from there. */
function outputFolder (t) {
  const path = mkdtempSync(join(folder, 'bundle-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

describe('a bundle', { skip }, () => {
  for (const [name, bundle] of Object.entries(BUNDLERS)) {
    // Vite does not bundle CommonJS sources.
    for (const extension of name.startsWith('Vite') ? ['mjs'] : ['mjs', 'cjs']) {
      it(`of program.${extension} by ${name} finds the installed package`, async (t) => {
        const file = await bundle(extension, outputFolder(t))
        assert.deepEqual(await run([process.execPath, file]), { code: 0, output: 'status 200\n' })

        const place = elsewhere(t)
        const moved = join(place, basename(file))
        cpSync(file, moved)
        const alone = await run([process.execPath, moved], { cwd: place })
        assert.equal(alone.code, 1)
        // A package that has been left out, Node.js itself reports.
        if (name !== 'Vite SSR') {
          assert.match(alone.output, /ERR_BUNDLED/)
          assert(alone.output.includes('--external:node-asgi'), alone.output)
        }
        symlinkSync(modules, join(place, 'node_modules'))
        assert.deepEqual(await run([process.execPath, moved]), { code: 0, output: 'status 200\n' })
      })
    }
  }

  /** Bundles a program with ncc, moves the result, and runs it. */
  async function runElsewhere (t, source) {
    const out = outputFolder(t)
    const { code, output } =
      await run([process.execPath, tool('ncc'), 'build', source, '--out', out])
    assert.equal(code, 0, output)
    const place = elsewhere(t)
    cpSync(out, place, { recursive: true })
    return run([process.execPath, join(place, `index${extname(source)}`)])
  }

  for (const extension of ['mjs', 'cjs']) {
    it(`of program.${extension} by ncc has all files, and can be moved`, async (t) => {
      assert.deepEqual(await runElsewhere(t, program(extension)),
        { code: 0, output: 'status 200\n' })
    })
  }

  it('by ncc had no page of the dashboard, and Node ended when it was asked for', async (t) => {
    assert.deepEqual(await runElsewhere(t, join(folder, 'dashboard.mjs')),
      { code: 0, output: ' 200\ndashboard.js 200\ndashboard.css 200\nuplot.js 200\n' })
  })
})

it('file tracers find what draws the charts of the dashboard', { skip }, async () => {
  const { nodeFileTrace } = load('next/dist/compiled/@vercel/nft')
  const { fileList } = await nodeFileTrace([load.resolve('node-asgi')], { base: folder })
  for (const name of ['uPlot.iife.min.js', 'uPlot.min.css']) {
    assert(fileList.has(`node_modules/uplot/dist/${name}`), name)
  }
})

describe('Vite in development', { skip }, () => {
  let server
  before(async () => {
    const { createServer } = await import(load.resolve('vite'))
    server = await createServer({
      configFile: false,
      root: folder,
      logLevel: 'error',
      appType: 'custom',
      server: { middlewareMode: true, hmr: false, ws: false }
    })
  })
  after(() => server?.close())

  it('loads the installed package itself', async () => {
    const { PythonHandler } = await server.ssrLoadModule('/handler.js')
    const { PythonHandler: installed } = await import(load.resolve('node-asgi'))
    assert.equal(PythonHandler, installed)
  })
})
