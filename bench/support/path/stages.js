// The stages of a request, and the functions that they consist of. The cost of a stage is that of
// its function with all its callees, minus the callees that are stages of their own. Only functions
// that the compilers do not inline can be told apart.

/** Lets V8 inline as usual, except for functions as large as encodeHead(). */
export const V8_OPTIONS = ['--max-inlined-bytecode-size=400']

const FUNCTIONS = {
  node: {
    encodeHead: 'JS:encodeHead head.js',
    request: 'nasgi::addon::Channel::OnRequest(',
    readString: 'napi_get_value_string_latin1',
    checkHead: 'nasgi::wire::NormalizeRequestHead(',
    drain: 'nasgi::addon::Channel::DrainOnce(',
    deliver: 'nasgi::addon::Channel::Deliver(',
    microtasks: 'v8::internal::MicrotaskQueue::PerformCheckpoint(',
    collector: 'v8::internal::Heap::CollectGarbage('
  },
  worker: {
    drain: 'nasgi::worker::Channel::TakeFrames(',
    request: 'nasgi::worker::Channel::OnRequest(',
    scope: 'nasgi::worker::ScopeBuilder::Http(',
    run: 'nasgi::worker::Channel::Run(',
    step: 'nasgi::worker::Cycle::Step(',
    send: '_object* nasgi::worker::Cycle::SendOf<nasgi::worker::HttpCycle>',
    awaitSend: 'nasgi::worker::Awaitable::Step(',
    sendBody: 'nasgi::worker::Cycle::SendBody(',
    end: 'nasgi::worker::Cycle::End('
  }
}

/** In the order in which a request passes them: on its way to the application, then back. */
const STAGES = {
  node: [
    ['encode the head (JS)', of => of.encodeHead],
    // V8 inlines handleRequest(), so it cannot be a stage of its own.
    ["promises, pool, the caller's code (JS)", of => of.microtasks - of.encodeHead - of.request],
    ["read V8's string", of => of.readString],
    ['check the head', of => of.checkHead],
    ['N-API call, pack, publish', of => of.request - of.readString - of.checkHead],
    ['event loop, wake-ups', of => of.total - of.drain],
    ['take frames, make JS values', of => of.drain - of.deliver],
    ['events, response object (JS)', of => of.deliver - of.microtasks]
  ],
  worker: [
    ['take a frame, parse', of => of.drain - of.request],
    ['build the scope', of => of.scope],
    ['request object', of => of.request - of.scope - of.run],
    ['make the task', of => of.run - stepInRun(of)],
    ["call the app, run it (the app's)", of => of.step - of.send - of.awaitSend - of.end],
    ['send(): check both messages', of => of.send + of.awaitSend - of.sendBody],
    ['pack, publish the response', of => of.sendBody],
    ['end of the request', of => of.end],
    ['event loop, task step, freeing', of => of.total - of.drain - of.step + stepInRun(of)]
  ]
}

/**
 * From Python 3.12 on, creating a task runs its first step, which for hello is the whole request.
 */
function stepInRun ({ run, step }) {
  return run > step ? step : 0
}

/** Costs that are worth showing, but are spread over several stages. */
const WITHIN = { node: [['garbage collector', of => of.collector]], worker: [] }

/** Functions that V8 might inline in spite of V8_OPTIONS; each is called once per request. */
const INLINED = ['encodeHead']

/**
 * @typedef {{ name: string, instructions: number, share: number }} Stage per request
 * @param {'node' | 'worker'} side
 * @param {{ total: number, functions: Map<string, { calls: number, cost: number }> }} profile
 * @param {number} requests the number of requests in the profile
 * @returns {{ instructions: number, stages: Stage[], within: Stage[], notes: string[] }}
 */
export function stagesOf (side, { total, functions }, requests) {
  const of = { total }
  const notes = []
  for (const [key, prefix] of Object.entries(FUNCTIONS[side])) {
    const found = [...functions].filter(([name]) => name.startsWith(prefix)).map(([, sums]) => sums)
    of[key] = found.reduce((sum, { cost }) => sum + cost, 0)
    const calls = found.reduce((sum, one) => sum + one.calls, 0)
    if (INLINED.includes(key) && calls < 0.95 * requests) {
      const part = Math.round((1 - calls / requests) * 100)
      notes.push(`V8 inlined ${key}() in ${part} % of its calls, which count as their caller.`)
    } else if (found.length === 0 && key !== 'collector') {
      throw new Error(`the profile contains no function ${prefix}; update ` +
        'bench/support/path/stages.js if it was renamed')
    }
  }
  const rows = list => list.map(([name, cost]) =>
    ({ name, instructions: cost(of) / requests, share: cost(of) / total }))
  return {
    instructions: total / requests,
    stages: rows(STAGES[side]),
    within: rows(WITHIN[side]),
    notes
  }
}
