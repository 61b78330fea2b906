/**
 * Runs `node-asgi types`.
 */

import { randomUUID } from 'node:crypto'
import { readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

import { watchFiles } from '../reload/watch.js'
import { CommandError, exitCodeOf, explain } from './failure.js'
import { createLogger } from './logger.js'
import { openapiDocument } from './openapi.js'
import { loadTranslator } from './translator.js'
import { typesArguments } from './types-arguments.js'

/** @typedef {import('./types-arguments.js').TypesArguments} TypesArguments */

/** The file cannot be written. */
class OutputError extends CommandError {}

/**
 * @param {import('./settings/resolve.js').Settings} given
 * @returns {Promise<number>} the exit code: 1 also if --check finds that the file is stale
 */
export async function types (given) {
  const settings = typesArguments(given)
  const logger = createLogger('info')
  try {
    const job = new Job(settings, await loadTranslator(), logger)
    if (settings.watch) return await job.watch()
    return await job.run()
  } catch (error) {
    return exitCodeOf(error, logger)
  }
}

class Job {
  /**
   * @param {TypesArguments} settings
   * @param {(document: Record<string, any>) => Promise<string>} translate
   * @param {import('../options.js').Logger} logger
   */
  constructor (settings, translate, logger) {
    this.settings = settings
    this.translate = translate
    this.logger = logger
  }

  /** @returns {Promise<number>} the exit code */
  async run () {
    const { output, check } = this.settings
    const text = await this.#types()
    if (output === undefined) {
      process.stdout.write(text)
      return 0
    }
    const isFresh = read(output) === text
    if (check && !isFresh) {
      this.logger.error(`[node-asgi] ${output} is not up to date; run the same command ` +
        'without --check')
      return 1
    }
    if (!check && !isFresh) write(output, text)
    this.logger.info(`[node-asgi] ${output} ${check || isFresh ? 'is up to date' : 'written'}`)
    return 0
  }

  /** Runs now and after each change, until a signal ends the process. */
  async watch () {
    let isDue = false
    let turn = Promise.resolve()
    const schedule = () => {
      if (isDue) return
      isDue = true
      turn = turn.then(async () => {
        isDue = false
        await this.#try()
      })
    }
    const watcher = watchFiles({
      folders: this.settings.folders,
      onChange: schedule,
      onError: (error) => this.logger.error(`[node-asgi] ${error.message}`)
    })
    // First, so that no change is missed while the application is asked.
    await watcher.ready
    schedule()
    return new Promise(() => {})
  }

  async #try () {
    try {
      await this.run()
    } catch (error) {
      this.logger.error(`[node-asgi] ${explain(error)}\n[node-asgi] waiting for file changes`)
    }
  }

  async #types () {
    const { handler, url } = this.settings
    const document = await openapiDocument(handler, url, this.logger)
    // The same on every machine, so without paths.
    return `// Written by \`node-asgi types ${handler.appTarget}\`: run it again, do not edit.\n` +
      await this.translate(document)
  }
}

/** @param {string} file */
function read (file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // it does not exist, or the attempt to write it will say why
  }
}

/**
 * Whoever reads the file meanwhile gets the old text or the new one.
 * @param {string} file
 * @param {string} text
 */
function write (file, text) {
  const target = followed(resolve(file))
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}`)
  try {
    writeFileSync(temporary, text, { flag: 'wx' })
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw new OutputError(`cannot write ${file}: ${/** @type {Error} */ (error).message}`)
  }
}

/** @param {string} path */
function followed (path) {
  try {
    return realpathSync(path)
  } catch {
    return path // it does not exist yet
  }
}
