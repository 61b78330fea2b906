import { EventSourceParserStream } from 'eventsource-parser/stream'

/**
 * Yields the tokens of an answer as they arrive. EventSource would not do: it sends only GET, and
 * asks again when the answer has ended.
 */
export async function * generate (prompt, signal) {
  const response = await fetch('/api/generate', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt }),
    signal
  })
  if (!response.ok) throw new Error(`the answer has the status ${response.status}`)
  const reader = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  while (true) {
    const { done, value } = await reader.read()
    if (done) throw new Error('the answer ended early')
    if (value.event === 'done') return
    yield JSON.parse(value.data)
  }
}

const [form, stop, answer] = ['form', 'stop', 'answer'].map((id) => document.getElementById(id))

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const controller = new AbortController()
  stop.onclick = () => controller.abort()
  answer.textContent = ''
  try {
    for await (const token of generate(form.elements.prompt.value, controller.signal)) {
      answer.textContent += token
    }
  } catch (error) {
    if (!controller.signal.aborted) answer.textContent += ` [${error.message}]`
  }
})

// A link such as /?prompt=hi asks at once.
const { prompt } = Object.fromEntries(new URLSearchParams(window.location.search))
if (prompt !== undefined) {
  form.elements.prompt.value = prompt
  form.requestSubmit()
}
