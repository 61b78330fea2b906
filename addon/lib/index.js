export { PythonHandler, PythonHandler as Python } from './handler.js'
export { Headers } from './headers.js'
export { Request } from './request.js'
export { Response, StreamingResponse } from './response.js'
export { WebSocketConnection } from './websocket-connection.js'
export {
  AppError,
  InvalidOptionError,
  InvalidRequestError,
  NodeAsgiError,
  RequestTimeoutError,
  ResponseError,
  StartupError,
  UnavailableError,
  WebSocketRefusedError,
  WorkerError
} from './errors.js'
