import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const css = readFileSync(
  new URL('../../../../addon/lib/dashboard/page/dashboard.css', import.meta.url), 'utf8')

/** The contrast ratio of WCAG 2. */
function contrast (one, other) {
  const [light, dark] = [one, other].map(luminance).sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

function luminance (color) {
  const digits = color.length === 4 ? color.replace(/[^#]/g, '$&$&') : color
  const [red, green, blue] = [1, 3, 5].map((i) => parseInt(digits.slice(i, i + 2), 16) / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

test('every color of text and lines can be read on every background, light and dark (AA)', () => {
  const blocks = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, body]) =>
    Object.fromEntries([...body.matchAll(/--([\w-]+): (#\w+);/g)].map(([, name, color]) =>
      [name, color])))
  assert.equal(blocks.length, 2)
  for (const { background, surface, 'failure-surface': failed, line, ...colors } of blocks) {
    assert.equal(Object.keys(colors).length, 7)
    for (const [name, color] of Object.entries(colors)) {
      for (const behind of [background, surface]) {
        assert.ok(contrast(color, behind) >= 4.5, `${name} ${color} on ${behind}`)
      }
    }
    assert.ok(contrast(colors.text, failed) >= 4.5)
  }
})
