/**
 * Every error that node-asgi makes: one class per kind, one stable code per cause.
 */

export * from './errors/classes.js'
export * from './errors/factories.js'
