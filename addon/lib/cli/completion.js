/**
 * Runs `node-asgi completion`: writes a script for a shell, from the table of settings.
 */

import { COMMANDS, HELP } from './command.js'
import { comesFrom, isArgument, isOptional, isSwitch } from './settings/setting.js'
import { settingsOf } from './settings/table.js'

/** @typedef {import('./settings/setting.js').Setting} Setting */

const NAMES = Object.keys(COMMANDS)

/** @type {Record<string, () => string>} */
const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript }

/**
 * @param {import('./settings/resolve.js').Settings} settings
 * @returns {Promise<number>} the exit code
 */
export async function completion ({ values: { shell }, fail }) {
  if (shell === undefined) {
    fail(`node-asgi completion needs the name of a shell: ${Object.keys(SCRIPTS).join(', ')}`)
  }
  process.stdout.write(SCRIPTS[shell]())
  return 0
}

/** @param {string} command */
function flagsOf (command) {
  return settingsOf(command).filter((setting) =>
    !isArgument(setting) && comesFrom(setting, 'flag'))
}

/** The options that every command has, as [flags, description]. */
const GENERAL = HELP.map(([names, about]) => /** @type {[string[], string]} */ ([
  names.split(', '), about
]))

/** @param {Setting} setting */
function described ({ brief, about }) {
  return brief ?? about
}

/** Every setting that has a value, once. */
function valued () {
  const settings = NAMES.flatMap(flagsOf).filter((setting) => !isSwitch(setting))
  return [...new Set(settings)]
}

/** @returns {string} */
function bashScript () {
  const general = GENERAL.flatMap(([names]) => names)
  const flags = (/** @type {string} */ command) =>
    [...flagsOf(command).map(({ flag }) => flag), ...general].join(' ')
  const arms = valued().map((setting) => {
    const names = [setting.flag, ...setting.short === undefined ? [] : [setting.short]].join('|')
    return `    ${names}) ${bashValue(setting)} ;;`
  })
  return `# node-asgi completion bash
_node_asgi() {
  local IFS=$'\\n' command=serve flags
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  # Bash makes three words of --flag=value.
  if [[ $cur == '=' ]]; then
    cur=
  elif [[ $prev == '=' && COMP_CWORD -gt 2 ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case $prev in
${arms.join('\n')}
  esac
  case \${COMP_WORDS[1]} in
    ${NAMES.join('|')}) command=\${COMP_WORDS[1]} ;;
  esac
  case $command in
${NAMES.map((name) => `    ${name}) flags='${flags(name)}' ;;`).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(IFS=' '; compgen -W "$flags" -- "$cur"))
  elif [[ $command == completion && COMP_CWORD -gt 1 ]]; then
    COMPREPLY=($(IFS=' '; compgen -W '${Object.keys(SCRIPTS).join(' ')}' -- "$cur"))
  elif ((COMP_CWORD == 1)); then
    COMPREPLY=($(IFS=' '; compgen -W '${NAMES.join(' ')}' -- "$cur"))
  fi
}
complete -F _node_asgi node-asgi
`
}

/** @param {Setting} setting */
function bashValue (setting) {
  const { choices, completes } = setting
  if (choices !== undefined) {
    // Without a value, the next word may be another option.
    const unless = isOptional(setting) ? '[[ $cur == -* ]] || ' : ''
    const reply = `COMPREPLY=($(IFS=' '; compgen -W '${choices.join(' ')}' -- "$cur"))`
    return unless === '' ? `${reply}; return` : `${unless}{ ${reply}; return; }`
  }
  if (completes !== undefined) {
    const kind = completes === 'folder' ? '-d' : '-f'
    return `compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen ${kind} -- "$cur")); return`
  }
  return isOptional(setting) ? ':' : 'return'
}

/** @returns {string} */
function zshScript () {
  const arms = NAMES.map((name) => {
    const specs = [
      ...flagsOf(name).map(zshSpec),
      ...GENERAL.map(([names, about]) => quote(`(- *)${names.at(-1)}[${zshText(about)}]`)),
      name === 'completion'
        ? quote(`1:shell:(${Object.keys(SCRIPTS).join(' ')})`)
        : quote('1:application, as module\\:attribute:')
    ]
    const lines = [`    ${name})`, '      _arguments -s -S', ...specs.map((spec) => `  ${spec}`)]
    return `${lines[0]}\n${lines.slice(1).join(' \\\n      ')}\n      ;;`
  })
  return `#compdef node-asgi
# node-asgi completion zsh
_node_asgi() {
  local command=serve
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    compadd ${NAMES.join(' ')}
    return
  fi
  case $words[2] in
    ${NAMES.join('|')})
      command=$words[2]
      shift words
      (( CURRENT-- ))
      ;;
  esac
  case $command in
${arms.join('\n')}
  esac
}
if [[ $funcstack[1] == _node_asgi ]]; then
  _node_asgi "$@"
else
  compdef _node_asgi node-asgi
fi
`
}

/** @param {Setting} setting */
function zshSpec (setting) {
  const { flag, value, choices, completes } = setting
  const about = `[${zshText(described(setting))}]`
  if (value === undefined) return quote(flag + about)
  const name = zshText(value.replace(/[<>[\]]/g, ''))
  let action = ''
  if (choices !== undefined) action = `(${choices.join(' ')})`
  else if (completes !== undefined) action = completes === 'folder' ? '_files -/' : '_files'
  const separator = isOptional(setting) ? '::' : ':'
  return quote(`*${flag}=${about}${separator}${name}:${action}`)
}

/** @param {string} text in which brackets and colons have no meaning */
function zshText (text) {
  return text.replace(/[[\]\\]/g, '').replaceAll(':', '\\:')
}

/** @returns {string} */
function fishScript () {
  const others = NAMES.filter((name) => name !== 'serve')
  const isNone = `not __fish_seen_subcommand_from ${others.join(' ')}`
  const lines = ['complete -c node-asgi -f',
    ...NAMES.map((name) => `complete -c node-asgi -n __fish_is_first_arg -a ${name} -d ` +
      quote(COMMANDS[name].about.split('. ')[0].replace(/\.$/, '')))]
  for (const name of NAMES) {
    const when = quote(name === 'serve' ? isNone : `__fish_seen_subcommand_from ${name}`)
    for (const setting of flagsOf(name)) lines.push(fishLine(when, setting))
  }
  lines.push('complete -c node-asgi -n \'__fish_seen_subcommand_from completion\' -a ' +
    quote(Object.keys(SCRIPTS).join(' ')))
  for (const [names, about] of GENERAL) {
    const [long, short] = [names.at(-1), names.length > 1 ? ` -s ${names[0].slice(1)}` : '']
    lines.push(`complete -c node-asgi${short} -l ${long?.slice(2)} -d ${quote(about)}`)
  }
  return `# node-asgi completion fish\n${lines.join('\n')}\n`
}

/**
 * @param {string} when a condition
 * @param {Setting} setting
 */
function fishLine (when, setting) {
  const { flag, short, choices, completes } = setting
  let value = ''
  const must = isOptional(setting) ? '' : ' -x'
  if (choices !== undefined) value = `${must} -a ${quote(choices.join(' '))}`
  else if (completes === 'folder') value = " -x -a '(__fish_complete_directories)'"
  else if (completes === 'file') value = ' -r -F'
  else if (!isSwitch(setting)) value = must
  // Fish offers an optional value after "=" only.
  const separate = choices !== undefined && isOptional(setting)
    ? `complete -c node-asgi -n '__fish_prev_arg_in ${flag}' -a ${quote(choices.join(' '))}\n`
    : ''
  const letter = short === undefined ? '' : ` -s ${short.slice(1)}`
  return `${separate}complete -c node-asgi -n ${when}${letter} -l ${flag.slice(2)}${value} ` +
    `-d ${quote(described(setting))}`
}

/** @param {string} text */
function quote (text) {
  return `'${text.replaceAll("'", "'\\''")}'`
}
