import { useLoaderData } from 'react-router'

import { python } from '../python.server'

/** Python answers in the same process, without HTTP. */
export async function loader () {
  const response = await python.fetch('/visitors')
  return { visitors: await response.json() as number }
}

export default function Home () {
  const { visitors } = useLoaderData<typeof loader>()
  return <p>Visitors of Python: {visitors}</p>
}
