/**
 * What the dashboard shows (types only). A service (service.js) has all of it.
 */

/** @typedef {import('../observe/observers.js').Observers} Observers */
/** @typedef {import('../option-types.js').Settings} Settings */
/** @typedef {import('../pool/pool.js').Pool} Pool */
/** @typedef {import('../supervisor/supervisor.js').Supervisor} LocalSupervisor */
/** @typedef {LocalSupervisor | import('../remote/remote.js').Remote} Supervisor */

/**
 * @typedef {{ settings: Settings, supervisor: Supervisor, pool: Pool, observers: Observers }} Parts
 */

/**
 * Where the dashboard has what it shows from.
 * @typedef {object} Source
 * @property {() => Record<string, unknown>} sections of this moment
 * @property {() => object[]} history the seconds that are over
 * @property {() => object[]} news those since it was asked last
 * @property {() => boolean} isOver nothing more will happen
 * @property {(id: string) => Promise<string | null>} failure its text; null: it is gone
 * @property {(action: string, worker: string) => Promise<object | null | undefined>} act null:
 *   there is no such worker; undefined: there is no such action
 */

export {}
