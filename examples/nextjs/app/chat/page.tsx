'use client'

import { useEffect, useRef, useState } from 'react'

/** Needs `npm run dev:server` or `npm run start:server`. */
export default function Chat () {
  const socket = useRef<WebSocket>(null)
  const [lines, setLines] = useState<string[]>([])
  useEffect(() => {
    const opened = socket.current = new WebSocket('/api/chat')
    opened.onmessage = ({ data }) => setLines((before) => [...before, data])
    return () => opened.close()
  }, [])

  function send (form: FormData) {
    socket.current?.send(String(form.get('text')))
  }
  return (
    <main>
      <form action={send}><input name='text' placeholder='say something' /></form>
      <pre>{lines.join('\n')}</pre>
    </main>
  )
}
