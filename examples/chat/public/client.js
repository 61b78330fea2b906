const [form, room] = ['form', 'room'].map((id) => document.getElementById(id))

const query = new URLSearchParams(window.location.search)
const name = query.get('name') ?? window.prompt('Your name') ?? 'nobody'

let socket

function connect () {
  const url = new URL(`/chat?name=${encodeURIComponent(name)}`, window.location)
  url.protocol = url.protocol.replace('http', 'ws')
  socket = new WebSocket(url)
  socket.onmessage = ({ data }) => show(JSON.parse(data))
  socket.onclose = () => setTimeout(connect, 1000 + Math.random() * 2000)
}

function show ({ name, text, worker, error }) {
  const line = document.createElement('li')
  line.textContent = error === undefined
    ? `${name}: ${text} (worker ${worker})`
    : `Not sent: ${error}`
  room.append(line)
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  if (socket.readyState !== WebSocket.OPEN) return show({ error: 'there is no connection' })
  socket.send(form.elements.text.value)
  form.reset()
})

connect()
