// Gives everything below /api to Python.
import { python } from '../python.server'

interface Arguments {
  request: Request
}

const pass = ({ request }: Arguments) => python.fetch(request, { prefix: '/api' })

export { pass as action, pass as loader }
