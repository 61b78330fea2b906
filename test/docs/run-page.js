/**
 * Runs the examples of a page in the order in which a reader meets them.
 *
 * - A block that starts with a comment that is a file name (`# main.py`, `// server.mjs`) is that
 *   file. A program in JavaScript is run unless a later block runs or imports it. Python files are
 *   imported, so that a mistake is found where it is.
 * - A block that starts with the name of a file in examples/ shows that file: see excerpt.js.
 * - Any other block of JavaScript is run as a module. If it uses `python` without declaring it,
 *   that is a handler of the page's main:app.
 * - A shell block is run by bash.
 * - TypeScript is type-checked.
 * - A program ends, with success, or it serves. A server runs until the next heading, and if no
 *   later block makes a request, one is made here.
 * - A block of text or JSON after an example is what that prints; `…` stands for anything.
 *   So is the comment after `console.log()` on the same line.
 * - Ports are replaced by ones that are free.
 */

import assert from 'node:assert/strict'
import http from 'node:http'
import https from 'node:https'
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'

import { checkExcerpt } from './excerpt.js'
import { parsePage } from './markdown.js'
import { freePorts, Scene } from './scene.js'

/** @typedef {import('./markdown.js').Block} Block */

const RUN = new Set(['js', 'python', 'sh', 'ts'])
const OUTPUT = new Set(['text', 'json'])
const SHOWN = new Set(['dockerfile', 'ini', 'nginx', 'mermaid', 'yaml'])

const PORTS = /\b(3000|3001|8000|8443)\b/g

/** What a server prints while it serves comes within this time, in milliseconds. */
const PATIENCE = 10_000

const PRELUDE = "import { PythonHandler as Prelude } from 'node-asgi'; const python = new Prelude()"

const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))

/**
 * @param {string} text of the page
 * @param {(block: Block) => boolean} [isSkipped]
 * @param {Record<string, string>} [files] the rest of what the examples need, by name
 * @returns {Promise<{ ran: number, problems: { line: number, error: Error }[] }>}
 */
export async function runPage (text, isSkipped = () => false, files = {}) {
  const { blocks } = parsePage(text)
  const problems = []
  let ran = 0
  const runner = new PageRunner(blocks, isSkipped)
  runner.write(files)
  const attempt = async (line, action) => {
    try {
      await action()
    } catch (error) {
      problems.push({ line, error })
    }
  }
  try {
    await attempt(1, () => runner.choosePorts())
    for (const [i, block] of blocks.entries()) {
      if (i > 0 && block.section !== blocks[i - 1].section) {
        await attempt(block.line, () => runner.endSection())
      }
      if (RUN.has(block.language) && !isSkipped(block)) ran++
      await attempt(block.line, () => runner.take(block, i))
    }
  } finally {
    await attempt(blocks.at(-1)?.line ?? 1, () => runner.close())
  }
  return { ran, problems }
}

class PageRunner {
  #scene = new Scene()

  /** @type {Map<string, number>} the ports that the page names, and what stands for them */
  #ports = new Map()

  /** @type {import('./scene.js').Program | null} the example that the next output belongs to */
  #last = null

  constructor (blocks, isSkipped) {
    this.blocks = blocks
    this.isSkipped = isSkipped
  }

  /** @param {Record<string, string>} files text by name */
  write (files) {
    for (const [name, text] of Object.entries(files)) this.#write(name, text)
  }

  async choosePorts () {
    const named = new Set(this.blocks.flatMap(({ code }) => code.match(PORTS) ?? []))
    const free = await freePorts(named.size)
    this.#ports = new Map([...named].map((port, i) => [port, free[i]]))
  }

  /** @param {Block} block */
  async take (block, index) {
    const last = this.#last
    this.#last = null
    const { language } = block
    if (OUTPUT.has(language)) {
      if (last !== null) await checkOutput(last, language, this.#code(block))
      return
    }
    if (checkExcerpt(block.code) || SHOWN.has(language) || this.isSkipped(block)) return
    assert(RUN.has(language), `blocks in '${language}' are not known; known are ` +
      [...RUN, ...OUTPUT, ...SHOWN].join(', '))
    this.#last = await this.#run(block, index)
  }

  /** @param {Block} block */
  async #run (block, index) {
    const code = this.#code(block)
    const name = fileName(block)
    if (name !== null) {
      this.#write(name, code)
      if (language(name) === 'python') {
        return this.#start(['.venv/bin/python', '-c',
          `import runpy; runpy.run_path(${JSON.stringify(name)})`], block, index)
      }
      if (language(name) === 'ts') return this.#checkTypes(name, block, index)
      if (this.#isUsed(name, index)) return null
      return this.#start([process.execPath, name], block, index)
    }
    if (block.language === 'sh') {
      return this.#start(['bash', '-euo', 'pipefail', '-c', code], block, index)
    }
    const example = `example-${block.line}`
    if (block.language === 'python') {
      this.#write(`${example}.py`, code)
      return this.#start(['.venv/bin/python', `${example}.py`], block, index)
    }
    if (block.language === 'ts') {
      this.#write(`${example}.mts`, code)
      return this.#checkTypes(`${example}.mts`, block, index)
    }
    const needsPython = /\bpython\b/.test(code) && !/\b(const|let) python\b/.test(code)
    // Lines are those of the page.
    const before = (needsPython ? PRELUDE : '') + '\n'.repeat(block.line - 1)
    this.#write(`${example}.mjs`, before + code + (needsPython ? '\nawait python.close()\n' : ''))
    return this.#start([process.execPath, `${example}.mjs`], block, index)
  }

  async #start (command, block, index) {
    const program = await this.#scene.run(command, [...this.#ports.values()])
    await eventually(program, () => checkComments(program.stdout, block.code))
    for (const port of program.ports) {
      if (!this.#isAsked(port, index)) await request(port)
    }
    return program
  }

  async #checkTypes (name, block, index) {
    this.#write('tsconfig.json', JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        module: 'nodenext',
        target: 'es2022',
        types: ['node'],
        lib: ['es2022', 'esnext.disposable']
      },
      files: [name]
    }))
    return this.#start([process.execPath, TSC, '--project', 'tsconfig.json'], block, index)
  }

  #code ({ code }) {
    return code.replace(PORTS, (port) => String(this.#ports.get(port)))
  }

  #write (name, text) {
    const path = join(this.#scene.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }

  /** Whether a later block runs or imports a file, before another one takes its place. */
  #isUsed (name, index) {
    for (const block of this.blocks.slice(index + 1)) {
      if (fileName(block) === name) return false
      if (this.#runs(block) && block.code.includes(basename(name))) return true
    }
    return false
  }

  /** Whether a later block of the section makes a request to a port. */
  #isAsked (port, index) {
    const { section } = this.blocks[index]
    return this.blocks.slice(index + 1).some((block) => block.section === section &&
      this.#runs(block) && this.#code(block).includes(String(port)))
  }

  #runs (block) {
    return RUN.has(block.language) && !this.isSkipped(block)
  }

  endSection () {
    this.#last = null
    return this.#scene.stopServers()
  }

  close () {
    return this.#scene.close()
  }
}

/** @param {Block} block */
function fileName ({ code }) {
  return /^(?:#|\/\/) ([\w./-]+\.(?:py|m?js|m?ts))\n/.exec(code)?.[1] ?? null
}

function language (name) {
  if (name.endsWith('.py')) return 'python'
  return /\.m?ts$/.test(name) ? 'ts' : 'js'
}

/** An example prints what the comments after its calls of console.log() say, in that order. */
function checkComments (stdout, code) {
  const printed = stdout.split('\n').map((line) => line.trim())
  let next = 0
  for (const [, comment] of code.matchAll(/console\.log\(.*\) *\/\/ (.+)$/gm)) {
    const found = printed.findIndex((line, i) => i >= next && matches(comment.trim(), line))
    assert.notEqual(found, -1, `it did not print ${comment}; stdout: ${stdout}`)
    next = found + 1
  }
}

function checkOutput (program, language, expected) {
  return eventually(program, () => {
    const { stdout } = program
    const isSame = language === 'json'
      ? isSameJson(expected, stdout)
      : matches(expected.trim(), stdout.trim())
    assert(isSame, `it printed\n${stdout}\nnot\n${expected}`)
  })
}

/** Repeats a check for as long as the program may print what it lacks. */
async function eventually (program, check) {
  const end = Date.now() + PATIENCE
  while (true) {
    try {
      return check()
    } catch (error) {
      if (program.exit !== null || Date.now() > end) throw error
    }
    await sleep(20)
  }
}

function isSameJson (expected, text) {
  try {
    return isDeepStrictEqual(JSON.parse(text), JSON.parse(expected))
  } catch {
    return false
  }
}

/** Whether a text is as expected, where … stands for anything. */
function matches (expected, text) {
  const pattern = expected.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${pattern.join('[^]*')}$`).test(text)
}

/** A server that no example asks for anything answers this request. */
async function request (port) {
  const options = { port, host: '127.0.0.1', path: '/', rejectUnauthorized: false }
  let response
  try {
    response = await get(http, options)
  } catch {
    response = await get(https, options)
  }
  assert(response.statusCode < 500, `GET / was answered with ${response.statusCode}`)
}

function get ({ get }, options) {
  return new Promise((resolve, reject) => {
    get(options, (response) => {
      response.resume()
      response.on('end', () => resolve(response))
    }).on('error', reject)
  })
}
