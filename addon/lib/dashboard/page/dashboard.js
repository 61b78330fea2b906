/** Connects the page to the server: what it says is shown, and what the buttons ask is sent. */

import { Charts, showNumbers } from './charts.js'
import { StackView, stack } from './stack.js'
import { element, setText, showList, showTable } from './tables.js'
import { NONE, age, bytes, milliseconds, percent, plural, short, timeOfDay, times } from './text.js'

/** See ../access.js. */
const ACTION_HEADER = 'x-node-asgi-dashboard'

/** Milliseconds after which a request that has not been answered draws attention. */
const SLOW = 5000

const STATES = {
  starting: ['starting', 'warning'],
  running: ['running', 'good'],
  failed: ['failed', 'bad'],
  closing: ['closing', 'warning'],
  closed: ['closed', 'bad']
}

const WORKER_STATES = {
  starting: ['starting', 'warning'],
  ready: ['ready', 'good'],
  silent: ['not answering', 'bad'],
  draining: ['finishing', 'warning'],
  dying: ['being killed', 'bad'],
  exited: ['ended', 'bad'],
  gone: ['ended', 'bad']
}

const ENDPOINT_STATES = {
  connecting: ['connecting', 'warning'],
  up: ['takes requests', 'good'],
  out: ['gets no requests', 'bad'],
  trial: ['on trial', 'warning'],
  leaving: ['finishing', 'warning']
}

const REQUEST_STATES = {
  queued: 'waits for a worker',
  running: 'running',
  responding: 'sends its response',
  websocket: 'open WebSocket'
}

/**
 * @param {{ ready: number, wanted: number, min: number, max: number }} pool
 * @returns {string}
 */
const poolSize = ({ ready, wanted, min, max }) =>
  `${ready} of ${wanted}${min === max ? '' : ` (${min} to ${max})`}`

/** What is in the heading, and what should be ready, of an application that runs elsewhere. */
const elsewhere = (/** @type {any} */ pool) => ({
  ...pool,
  app: pool.remote,
  place: 'Remote application',
  ready: pool.endpointsReady,
  wanted: pool.endpointsKnown,
  min: 0,
  max: 0,
  missing: 'No endpoint takes requests'
})

/** The same of one that runs here. */
const here = (/** @type {any} */ pool) => ({
  ...pool,
  place: `${pool.docroot} · Python ${pool.python} · ` +
    (pool.reloads === 0 ? 'not reloaded yet' : `reloaded ${times(pool.reloads)}`),
  missing: 'No worker can be started'
})

/**
 * @param {string} id
 * @returns {any}
 */
const byId = (id) => document.getElementById(id)

/** Whether the application runs elsewhere. */
let isRemote = false

const charts = new Charts(byId('charts'))
const stackView = new StackView((worker) => act(`stacks?worker=${worker}`))

// ---- what the server says

/** @type {Record<string, (content: any) => void>} */
const show = {
  pool (content) {
    isRemote = content.remote !== undefined
    const pool = isRemote ? elsewhere(content) : here(content)
    byId('reload').hidden = isRemote
    setText(byId('ready-of'), isRemote ? 'Endpoints ready' : 'Workers ready')
    setText(byId('no-workers'), isRemote
      ? 'The application runs elsewhere, so there are no workers here.'
      : 'There are no workers.')
    const [state, look] = STATES[/** @type {keyof STATES} */ (pool.state)]
    document.title = `${pool.app} · ${state}`
    setText(byId('app'), pool.app)
    setText(byId('state'), state)
    byId('state').className = `badge ${look}`
    setText(byId('where'), pool.place)
    problem('outage', pool.outage && `${pool.missing}: ${brief(pool.outage)}`)
    setText(byId('rate'), `${short(pool.rate)}/s`)
    setText(byId('p50'), milliseconds(pool.p50))
    setText(byId('p99'), milliseconds(pool.p99))
    setText(byId('failing'), short(pool.failures))
    byId('failing').className = pool.failures > 0 ? 'bad' : ''
    setText(byId('in-flight'), short(pool.inFlight))
    setText(byId('queued'), short(pool.queued))
    byId('queued').className = pool.queued > 0 ? 'warning' : ''
    setText(byId('ready'), poolSize(pool))
    const isMissing = pool.ready < pool.wanted
    byId('ready').className = isMissing ? (pool.ready === 0 ? 'bad' : 'warning') : ''
    if (byId('reload').dataset.busy === undefined) {
      byId('reload').disabled = pool.state === 'closing' || pool.state === 'closed'
    }
  },

  workers (workers) {
    showTable(byId('workers'), workers, ({ id }) => String(id), [
      { isHeader: true, text: ({ id }) => String(id) },
      {
        text: ({ state }) => workerState(state)[0],
        look: ({ state }) => workerState(state)[1]
      },
      { className: 'number', text: ({ inFlight }) => short(inFlight) },
      { className: 'number', text: ({ cpu }) => percent(cpu) },
      { className: 'number', text: ({ memory }) => bytes(memory) },
      {
        className: 'number minor',
        text: ({ lag, requests }) => requests === 0 ? NONE : milliseconds(lag),
        look: ({ lag }) => lag >= 100 ? 'warning' : ''
      },
      { className: 'number minor', text: ({ requests }) => short(requests) },
      { className: 'number minor', text: (worker) => worker.age === 0 ? NONE : age(worker.age) },
      { className: 'number minor', text: ({ pid }) => pid === 0 ? NONE : String(pid) },
      { className: 'action', create: recycleButton, update: updateRecycle }
    ])
  },

  endpoints (endpoints) {
    byId('endpoints-part').hidden = false
    showTable(byId('endpoints'), endpoints, ({ id }) => String(id), [
      { className: 'minor', text: ({ id }) => String(id) },
      { className: 'path', isHeader: true, text: ({ url }) => url },
      {
        className: 'reason',
        text: ({ state, error }) => endpointState(state)[0] + (error === null ? '' : `: ${error}`),
        look: ({ state }) => endpointState(state)[1]
      },
      { className: 'number', text: ({ inFlight }) => short(inFlight) },
      { className: 'number minor', text: ({ requests }) => short(requests) },
      {
        className: 'number',
        text: ({ errors }) => short(errors),
        look: ({ errors }) => errors > 0 ? 'bad' : ''
      }
    ])
  },

  running ({ count, long, list }) {
    const shown = long > list.length ? `, ${list.length} of them shown` : ''
    setText(byId('running-count'), `${long} of ${plural(count, 'request')}${shown}`)
    showTable(byId('running'), list, ({ key }) => key, [
      { className: 'path', isHeader: true, text: ({ name }) => name },
      {
        className: 'minor',
        text: ({ state }) => REQUEST_STATES[/** @type {keyof REQUEST_STATES} */ (state)]
      },
      { className: 'number', text: ({ worker }) => worker === 0 ? NONE : String(worker) },
      {
        className: 'number',
        text: (request) => milliseconds(request.age),
        look: (request) => request.age >= SLOW && request.state === 'running' ? 'bad' : ''
      },
      { className: 'action', create: stackButton, update: () => {} }
    ])
  },

  routes (routes) {
    showTable(byId('routes'), routes, ({ name }) => name, [
      { className: 'path', isHeader: true, text: ({ name }) => name },
      { className: 'number', text: ({ count }) => short(count) },
      {
        className: 'number minor',
        text: ({ failures }) => short(failures),
        look: ({ failures }) => failures > 0 ? 'bad' : ''
      },
      { className: 'number minor', text: ({ p50 }) => milliseconds(p50) },
      { className: 'number', text: ({ p95 }) => milliseconds(p95) },
      { className: 'number minor', text: ({ max }) => milliseconds(max) }
    ])
  },

  failures (failures) {
    showOrEmpty(byId('failures'), failures, {
      key: ({ id }) => String(id),
      create: createFailure,
      update: (made, { what, request, worker, pid, count, last }) => {
        setText(/** @type {Element} */ (made.querySelector('.what')), what)
        setText(/** @type {Element} */ (made.querySelector('.facts')), [
          timeOfDay(last),
          count > 1 ? times(count) : '',
          request,
          nameOfSource(worker, pid)
        ].filter((text) => text !== '').join(' · '))
      }
    })
  },

  timeline (happenings) {
    charts.mark(happenings)
    showOrEmpty(byId('timeline'), [...happenings].reverse(), {
      key: ({ time, text }) => `${time} ${text}`,
      create: ({ time, text, kind }) => element('li', {},
        element('time', { text: timeOfDay(time), datetime: new Date(time).toISOString() }),
        element('span', { text, className: kind === 'failure' ? 'bad' : '' })),
      update: () => {}
    })
  },

  seconds (seconds) {
    if (isFirst) charts.replace(seconds)
    else charts.add(seconds)
    isFirst = false
    if (byId('numbers').open) showNumbers(byId('numbers').querySelector('tbody'), charts.seconds)
  }
}

/** @param {string} state */
function workerState (state) {
  return WORKER_STATES[/** @type {keyof WORKER_STATES} */ (state)]
}

/** @param {string} state */
function endpointState (state) {
  return ENDPOINT_STATES[/** @type {keyof ENDPOINT_STATES} */ (state)]
}

/**
 * @param {number | string} worker 0: none had it
 * @param {number} pid 0: it is an endpoint
 */
function nameOfSource (worker, pid) {
  if (worker === 0) return ''
  return pid === 0 && isRemote ? `endpoint ${worker}` : `worker ${worker} (pid ${pid})`
}

/**
 * @param {HTMLElement} parent
 * @param {any[]} items
 * @param {Parameters<typeof showList<any>>[2]} how
 */
function showOrEmpty (parent, items, how) {
  parent.hidden = items.length === 0
  const empty = /** @type {HTMLElement} */ (parent.nextElementSibling)
  empty.hidden = items.length > 0
  showList(parent, items, how)
}

/** @param {{ id: number }} failure */
function createFailure ({ id }) {
  const details = /** @type {HTMLDetailsElement} */ (element('details', {},
    element('summary', {}, element('span', { className: 'what' }),
      element('span', { className: 'facts' }))))
  details.addEventListener('toggle', async () => {
    if (!details.open) return
    const response = await fetch(`failure?id=${id}`)
    details.querySelector('.stack')?.remove()
    details.append(stack(await response.text()))
  })
  return element('li', {}, details)
}

// ---- what the buttons do

/** @param {any} worker */
function recycleButton ({ id }) {
  const button = /** @type {HTMLButtonElement} */ (
    element('button', { type: 'button', text: 'Replace', 'aria-label': `Replace worker ${id}` }))
  button.addEventListener('click', () => attempt(button, async () => {
    await act(`recycle?worker=${id}`)
    button.dataset.done = ''
    return `Worker ${id} will be replaced as soon as another one is ready.`
  }))
  return button
}

/**
 * @param {HTMLElement} made
 * @param {any} worker
 */
function updateRecycle (made, { state }) {
  const button = /** @type {HTMLButtonElement} */ (made)
  const isPossible = state === 'ready' || state === 'silent'
  button.disabled = !isPossible || button.dataset.busy !== undefined ||
    button.dataset.done !== undefined
  button.hidden = !isPossible && document.activeElement !== button
}

/** @param {any} request */
function stackButton ({ name, worker, pid }) {
  if (worker === 0 || pid === 0) return element('span')
  const button = element('button',
    { type: 'button', text: 'Stack', 'aria-label': `Stack of ${name}` })
  button.addEventListener('click', () => stackView.show(name, worker))
  return button
}

byId('reload').addEventListener('click', () => attempt(byId('reload'), async () => {
  news('The application is being started again.')
  await act('reload')
  return 'The application has been reloaded.'
}))

byId('numbers').addEventListener('toggle', () =>
  showNumbers(byId('numbers').querySelector('tbody'), charts.seconds))

/**
 * @param {HTMLButtonElement} button
 * @param {() => Promise<string>} action returns what to tell
 */
async function attempt (button, action) {
  button.dataset.busy = ''
  button.disabled = true
  problem('action', null)
  try {
    news(await action())
  } catch (error) {
    news('')
    problem('action',
      `${button.textContent} has failed: ${brief(/** @type {Error} */ (error).message)}`)
  }
  delete button.dataset.busy
  button.disabled = button.dataset.done !== undefined
}

/** @param {string} what */
async function act (what) {
  const response = await fetch(what, { method: 'POST', headers: { [ACTION_HEADER]: '1' } })
  const text = await response.text()
  if (!response.ok) throw new Error(text.trim())
  return JSON.parse(text)
}

// ---- messages

/** @param {string} text */
function news (text) {
  setText(byId('news'), text)
}

/**
 * A message without its traceback, which is among the failures.
 * @param {string} message
 */
function brief (message) {
  const [text] = message.split('\n\n', 1)
  return text === message ? text : `${text}. See the recent failures.`
}

/** @type {Map<string, string>} */
const problems = new Map()

/**
 * @param {string} kind
 * @param {string | null} text null: there is none any more
 */
function problem (kind, text) {
  if (text === null) problems.delete(kind)
  else problems.set(kind, text)
  const place = byId('problem')
  place.hidden = problems.size === 0
  setText(place, [...problems.values()].join('\n'))
}

// ---- the connection

let isFirst = true

/** @type {EventSource | null} */
let source = null

function connect () {
  source = new EventSource('events')
  for (const [name, update] of Object.entries(show)) {
    source.addEventListener(name, ({ data }) => update(JSON.parse(data)))
  }
  source.addEventListener('open', () => {
    isFirst = true
    document.body.classList.remove('stale')
    problem('connection', null)
  })
  source.addEventListener('error', () => {
    document.body.classList.add('stale')
    problem('connection', 'The connection to Node is lost. This page shows the last that it knows.')
    // The browser tries again by itself, unless the answer was an error.
    if (source?.readyState === EventSource.CLOSED) setTimeout(connect, 3000)
  })
}

// A page that nobody sees costs nothing.
document.addEventListener('visibilitychange', () => {
  source?.close()
  if (!document.hidden) connect()
})

connect()
