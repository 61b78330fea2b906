export { PythonHandler as Handler } from 'node-asgi'
