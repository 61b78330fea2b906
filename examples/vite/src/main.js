const response = await fetch('/api/hello/Vite')
const { message } = await response.json()
document.querySelector('#hello').textContent = message

const socket = new WebSocket('/api/chat')
socket.onmessage = ({ data }) => document.querySelector('#chat').append(`${data}\n`)
document.querySelector('form').onsubmit = (event) => {
  event.preventDefault()
  socket.send(new FormData(event.target).get('text'))
  event.target.reset()
}
