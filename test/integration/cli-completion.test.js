/** Completion, as the shells themselves do it. */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { COMMANDS } from '../../addon/lib/cli/command.js'
import { SETTINGS } from '../../addon/lib/cli/settings/table.js'
import { isArgument } from '../../addon/lib/cli/settings/setting.js'
import { SCRIPT } from '../support/run.js'

/** @returns {string | false} why a test is skipped */
function missing (shell) {
  return spawnSync(shell, ['--version']).error === undefined ? false : `needs ${shell}`
}

/** Words on the command line, and what the shell must offer for the last one. */
const CASES = [
  [['--po'], ['--port']],
  [['check', '--loop', ''], ['asyncio', 'auto', 'uvloop']],
  [['--access-log', 'j'], ['json']],
  [['types', '--outp'], ['--output']],
  [['routes', '--outp'], []],
  [['completion', 'z'], ['zsh']],
  [['comp'], ['completion']]
]

describe('completion', { timeout: 60_000 }, () => {
  let folder

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'node-asgi-completion-'))
    mkdirSync(join(folder, 'a folder'))
    writeFileSync(join(folder, 'a file'), '')
    for (const shell of ['bash', 'zsh', 'fish']) {
      writeFileSync(join(folder, `script.${shell}`), script(shell))
    }
  })

  after(() => rmSync(folder, { recursive: true }))

  function script (shell) {
    return execFileSync(process.execPath, [SCRIPT, 'completion', shell], { encoding: 'utf8' })
  }

  /** @param {(...words: string[]) => string[]} complete */
  function checkCases (complete) {
    for (const [words, expected] of CASES) {
      assert.deepEqual(complete(...words), expected, words.join(' '))
    }
  }

  /** @returns {string[]} what bash offers for the last word */
  function bash (...words) {
    const quoted = ['node-asgi', ...words].map((word) => `'${word}'`).join(' ')
    const output = execFileSync('bash', ['--norc', '-c', `source script.bash
      COMP_WORDS=(${quoted}) COMP_CWORD=${words.length}
      _node_asgi && (( \${#COMPREPLY[@]} == 0 )) || printf '%s\\n' "\${COMPREPLY[@]}"`],
    { cwd: folder, encoding: 'utf8' })
    return output.split('\n').filter((line) => line !== '').sort()
  }

  it('is offered by bash', { skip: missing('bash') }, () => {
    checkCases(bash)
    assert.deepEqual(bash('--docroot', 'a'), ['a folder'])
    assert.deepEqual(bash('--tls-cert', 'a'), ['a file', 'a folder'])
    // Bash makes three words of --loop=as.
    assert.deepEqual(bash('--loop', '=', 'as'), ['asyncio'])
    assert.deepEqual(bash('--loop', '='), ['asyncio', 'auto', 'uvloop'])
    assert.deepEqual(bash('--workers', ''), [])
  })

  it('has every flag, and no option that is no flag', () => {
    const flags = new Set(Object.keys(COMMANDS).flatMap((name) => bash(name, '--')))
    for (const setting of SETTINGS.filter((each) => !isArgument(each))) {
      assert.equal(flags.has(setting.flag), setting.sources?.includes('flag') ?? true, setting.flag)
    }
  })

  it('is offered by fish', { skip: missing('fish') }, () => {
    const fish = (...words) => execFileSync('fish', ['--no-config', '-c',
      `source script.fish; complete -C 'node-asgi ${words.join(' ')}'`],
    { cwd: folder, encoding: 'utf8', env: { ...process.env, HOME: folder } }).split('\n')
      .filter((line) => line !== '').map((line) => line.split('\t')[0]).sort()
    checkCases(fish)
    assert.deepEqual(fish('--docroot', 'a'), ['a folder/'])
  })

  it('is offered by zsh', { skip: missing('zsh') }, () => {
    // In a terminal: each read waits until the shell shows what is expected.
    const output = execFileSync('zsh', ['-f', '-c', String.raw`
      zmodload zsh/zpty
      zpty shell zsh -f -i
      zpty -w shell 'PS1=; autoload -U compinit; compinit -u -D; source script.zsh; print REA""DY'
      zpty -r shell shown '*READY*'
      for line expected in '--por' '--port' 'check --loop uv' 'uvloop' 'comp' 'completion' \
        '--docroot a' 'a\ folder'; do
        zpty -w -n shell "node-asgi $line"$'\t'
        zpty -r shell shown "*$expected*"
        print -r -- $expected
        zpty -w -n shell $'\x15'
      done`],
    { cwd: folder, encoding: 'utf8', timeout: 30_000, env: { ...process.env, TERM: 'dumb' } })
    assert.deepEqual(output.trimEnd().split('\n'), ['--port', 'uvloop', 'completion', 'a\\ folder'])
  })
})
