// Compares the declarations with the types of the JavaScript: neither side may lack a member.
import type * as declared from 'node-asgi'
import type * as errors from '../../addon/lib/errors.js'
import type { PythonHandler } from '../../addon/lib/handler.js'
import type { Headers } from '../../addon/lib/message/headers.js'
import type { Request } from '../../addon/lib/message/request.js'
import type { Response, StreamingResponse } from '../../addon/lib/message/response.js'
import type { RequestRecord } from '../../addon/lib/observe/request-record.js'
import { type Equal, expectTrue } from './expect.js'

expectTrue<Equal<keyof declared.PythonHandler, keyof PythonHandler>>()
expectTrue<Equal<keyof declared.ObservedRequest, keyof RequestRecord>>()
expectTrue<Equal<declared.RequestOutcome | null, RequestRecord['outcome']>>()
expectTrue<Equal<keyof declared.Health, keyof PythonHandler['health']>>()
expectTrue<Equal<declared.Readiness, ReturnType<PythonHandler['health']['check']>>>()
expectTrue<Equal<keyof declared.Headers, keyof Headers>>()
expectTrue<Equal<keyof declared.Request, keyof Request>>()
expectTrue<Equal<keyof declared.Response, keyof Response>>()
expectTrue<Equal<keyof declared.StreamingResponse, keyof StreamingResponse>>()

type NamesOfClasses<Module> = {
  [Name in keyof Module]:
  Module[Name] extends abstract new (...args: never[]) => Error ? Name : never
}[keyof Module]
expectTrue<Equal<NamesOfClasses<typeof declared>, NamesOfClasses<typeof errors>>>()
expectTrue<Equal<keyof declared.AppError, keyof errors.AppError>>()
expectTrue<Equal<keyof declared.WorkerError, keyof errors.WorkerError>>()
expectTrue<Equal<keyof declared.StartupError, keyof errors.StartupError>>()
expectTrue<Equal<keyof declared.RequestTimeoutError, keyof errors.RequestTimeoutError>>()
expectTrue<Equal<keyof declared.InvalidOptionError, keyof errors.InvalidOptionError>>()

// Types of plain data must be assignable in both directions.
type Stats = ReturnType<PythonHandler['stats']>
expectTrue<Stats extends declared.PoolStats ? true : false>()
expectTrue<declared.PoolStats extends Stats ? true : false>()
