import { defineConfig } from 'vitest/config'

// Vitest runs each file of each project in a thread of its own, and terminates it afterwards.
const names = ['a', 'b', 'c', 'd', 'e', 'f']

export default defineConfig({
  // The default is a directory beside this file.
  cacheDir: '../../../node_modules/.vite',
  test: {
    include: ['*.case.js'],
    maxWorkers: 2,
    // An installed package is not transformed either.
    server: { deps: { external: [/\/addon\/lib\//] } },
    projects: names.map((name) => ({ extends: true, test: { name } }))
  }
})
