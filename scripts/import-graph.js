/**
 * Checks every import, type imports included, against the rules of .dependency-cruiser.js and draws
 * those of the package as build/import-graph.svg. An argument names another folder to check.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { cruise } from 'dependency-cruiser'
import config, { layers } from '../.dependency-cruiser.js'
import { drawLayers } from './import-picture.js'

const PICTURE = 'build/import-graph.svg'

process.chdir(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)))
const { output: { modules, summary } } = await cruise(['addon', 'bench', 'scripts', 'test'], {
  ...config.options,
  ruleSet: { forbidden: config.forbidden },
  validate: true
})
const broken = [
  ...summary.violations.map(({ rule, from, to, cycle }) => ({
    name: rule.name,
    comment: config.forbidden.find(({ name }) => name === rule.name).comment,
    path: [from, ...cycle?.map(({ name }) => name) ?? (to === from ? [] : [to])]
  })),
  ...modules.flatMap(unseenImports)
]
for (const { name, comment, path } of broken) {
  console.error(`  ${name}: ${path.join(' → ')}\n    ${comment}`)
}
if (broken.length > 0) process.exitCode = 1

mkdirSync('build', { recursive: true })
writeFileSync(PICTURE, drawLayers(layers, modules))
console.log(`    ${PICTURE} shows the imports of addon/lib`)

/**
 * The imports in a module's JSDoc that dependency-cruiser misses, so that none goes unchecked. It
 * reads neither @callback nor the @property of a @typedef.
 */
function unseenImports ({ source, dependencies }) {
  if (!/^(addon|bench)\/.*[.]js$/.test(source)) return []
  const seen = new Set(dependencies.map((dependency) => dependency.module))
  return [...readFileSync(source, 'utf8').matchAll(/import\('(\.[^']*)'\)/g)]
    .filter(([, specifier]) => !seen.has(specifier))
    .map(([, specifier]) => ({
      name: 'unseen',
      comment: 'dependency-cruiser does not read this JSDoc tag. Name the type first: ' +
        `@typedef {import('${specifier}').Name} Name`,
      path: [source, specifier]
    }))
}
