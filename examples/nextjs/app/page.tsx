import { refresh } from 'next/cache'
import { connection } from 'next/server'

import { api } from '../lib/api'

async function add (form: FormData) {
  'use server'
  const name = String(form.get('name'))
  await api.POST('/items', { body: { name, price: Number(form.get('price')) } })
  refresh()
}

export default async function Page () {
  await connection() // the page is made for each request, not by `next build`
  const { data: items = [] } = await api.GET('/items')
  return (
    <main>
      <h1>Shop</h1>
      <ul>{items.map(({ name, price }, i) => <li key={i}>{`${name}: ${price.toFixed(2)}`}</li>)}</ul>
      <form action={add}>
        <input name='name' placeholder='name' required />
        <input name='price' type='number' step='0.01' placeholder='price' required />
        <button>Add</button>
      </form>
      <p><a href='/api/docs'>API</a> <a href='/chat'>Chat</a></p>
    </main>
  )
}
