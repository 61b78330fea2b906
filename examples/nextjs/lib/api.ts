import createClient from 'openapi-fetch'

import type { paths } from '../python'
import { python } from './python.mjs'

/** Calls FastAPI in the process of Next.js, with the types of its models. */
export const api = createClient<paths>({
  baseUrl: 'http://python',
  fetch: (request) => python().fetch(request)
})
