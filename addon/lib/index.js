export { PythonHandler, PythonHandler as Python } from './handler.js'
export { Headers } from './message/headers.js'
export { Request } from './message/request.js'
export { Response, StreamingResponse } from './message/response.js'
export { WebSocketConnection } from './websocket/connection.js'
export {
  AppError,
  InvalidOptionError,
  InvalidRequestError,
  NodeAsgiError,
  RemoteError,
  RequestTimeoutError,
  ResponseError,
  StartupError,
  UnavailableError,
  WebSocketRefusedError,
  WorkerError
} from './errors.js'
