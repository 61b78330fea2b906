export { PythonHandler } from 'node-asgi'
