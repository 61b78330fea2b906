import { createElement } from 'react'

/** Rendered for each request, long enough to be compressed. */
export default function Page ({ now }) {
  return createElement('main', null, 'page of Next.js ', String(now).repeat(200))
}

export function getServerSideProps () {
  return { props: { now: Date.now() } }
}
