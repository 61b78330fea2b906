/** The formula of the HorizontalPodAutoscaler. */

import assert from 'node:assert/strict'
import { it } from 'node:test'

import { Recommendation } from './recommend.js'

const settings = { min: 2, max: 10, scaleDown: 60 }

it('goes up at once, and down when fewer pods were enough for a while', () => {
  const recommendation = new Recommendation(settings)
  const at = (time, total) => recommendation.update(time, [{ total, target: 20 }])
  assert.deepEqual([at(0, 5), at(15, 70), at(30, 500)], [2, 4, 10])
  assert.deepEqual([at(45, 70), at(60, 70), at(90, 70), at(91, 70)], [10, 10, 10, 4])
  assert.equal(at(160, 0), 2)
})

it('takes the larger number, and ignores small differences', () => {
  const recommendation = new Recommendation(settings)
  assert.equal(recommendation.update(0, [{ total: 43, target: 20 }]), 2)
  assert.equal(recommendation.update(1, [{ total: 45, target: 20 }]), 3)
  assert.equal(recommendation.update(2, [{ total: 45, target: 20 }, { total: 11, target: 2 }]), 6)
})
