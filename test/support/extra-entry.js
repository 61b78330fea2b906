/** An entry of the package that only a test has. */
export { PythonHandler as Handler } from '../../addon/lib/handler.js'
