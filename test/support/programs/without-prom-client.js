/** Loaded with --import: makes prom-client look as if it were not installed. */

import { register } from 'node:module'

const HOOKS = `export async function resolve (name, context, next) {
  if (name !== 'prom-client') return next(name, context)
  throw Object.assign(new Error('hidden'), { code: 'ERR_MODULE_NOT_FOUND' })
}`

register(`data:text/javascript,${encodeURIComponent(HOOKS)}`)
