import { python } from '#lib/server/python.ts'

/** Python answers in the same process, without HTTP. */
export async function load () {
  const response = await python.fetch('/visitors')
  return { visitors: await response.json() as number }
}
