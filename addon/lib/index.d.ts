export * from './types/errors.js'
export * from './types/handler.js'
export * from './types/http.js'
export * from './types/options.js'
