/** Python below an API route whose body Next.js has parsed, as it does by default. */
export const config = { api: { externalResolver: true } }

export default function handler (req, res) {
  globalThis.python.listener(req, res)
}
