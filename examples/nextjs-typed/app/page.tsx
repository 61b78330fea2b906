import { revalidatePath } from 'next/cache'

import { api } from '../api'

export const dynamic = 'force-dynamic'

async function create (form: FormData) {
  'use server'
  const name = String(form.get('name'))
  await api.POST('/items', { body: { name, price: Number(form.get('price')) } })
  revalidatePath('/')
}

export default async function Page () {
  const { data: item } = await api.GET('/items/{item_id}', { params: { path: { item_id: 1 } } })
  return (
    <main>
      <p>{item === undefined ? 'There is no item.' : `${item.name}: ${item.price.toFixed(2)}`}</p>
      <form action={create}>
        <input name='name' placeholder='name' required />
        <input name='price' type='number' step='0.01' placeholder='price' required />
        <button>Create</button>
      </form>
    </main>
  )
}
