/** Whether the members together can be sent requests. */

import { ENDPOINT_STATES, SHOWN_STATES } from '../../pool/stats.js'

/** @typedef {import('./member-process.js').MemberProcess} MemberProcess */

/** Milliseconds. A process that does not answer so soon does not answer its clients either. */
const PATIENCE = 500

/**
 * Requests go to the processes that are ready, so one of them is enough.
 * @param {MemberProcess[]} members
 * @param {string | null} suspended why no more requests are wanted
 */
export async function sumHealth (members, suspended) {
  const found = await Promise.all(members.map((member) =>
    member.ask('health', undefined, { timeout: PATIENCE }).catch(() => null)))
  const answers = found.filter((answer) => Object(answer).workers !== undefined)
  const ready = answers.filter((answer) => answer.ready === true).length
  const sum = (/** @type {(answer: any) => unknown} */ read) =>
    answers.reduce((total, answer) => total + (Number(read(answer)) || 0), 0)
  const sums = (/** @type {string} */ kind, /** @type {readonly string[]} */ states) =>
    Object.fromEntries(states.map((state) => [state, sum((answer) => Object(answer[kind])[state])]))
  const isRemote = answers.some(({ endpoints }) => endpoints !== undefined)
  const why = answers.find(({ code }) => code !== null) ?? answers[0]
  const reason = suspended ?? (ready > 0
    ? null
    : String(why?.reason ?? 'no process answers at the moment'))
  return {
    ready: reason === null,
    reason,
    code: reason === null || suspended !== null ? null : why?.code ?? null,
    state: String((answers.find((answer) => answer.ready === true) ?? why)?.state ?? 'starting'),
    processes: { ready, wanted: members.length },
    workers: sums('workers', SHOWN_STATES),
    // Each process has endpoints of its own, with the same addresses.
    ...isRemote ? { endpoints: sums('endpoints', ENDPOINT_STATES) } : {},
    queued: sum(({ queued }) => queued)
  }
}
