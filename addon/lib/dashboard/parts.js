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

export {}
