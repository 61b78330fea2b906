/** A small seeded random generator (mulberry32), so that a chaos test can be repeated. */
export function seeded (seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** The seed of this run: NODE_ASGI_TEST_SEED or a new one. It is printed. */
export function seedOf (t) {
  const seed = Number(process.env.NODE_ASGI_TEST_SEED ?? Date.now() % 2 ** 32)
  t.diagnostic(`NODE_ASGI_TEST_SEED=${seed}`)
  return seed
}
