/** Python below an API route: Next.js has wrapped the response, and leaves the body alone. */
export const config = { api: { bodyParser: false, externalResolver: true } }

export default function handler (req, res) {
  globalThis.python.listener(req, res)
}
