import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Circuit } from '../../../addon/lib/remote/circuit.js'

const EJECTION = { failures: 3, min: 100, max: 1000 }

function up () {
  const circuit = new Circuit(EJECTION)
  circuit.reached(0)
  assert.equal(circuit.state, 'up')
  return circuit
}

test('an endpoint that refuses connections is out at once, for a time that doubles', () => {
  const circuit = up()
  assert.equal(circuit.refused(), true)
  const delays = []
  for (let i = 0; i < 6; i++) {
    delays.push(circuit.delay)
    circuit.stillOut()
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 1000, 1000])
  circuit.reached(5000)
  assert.equal(circuit.state, 'up')
})

test('several requests that notice the same refusal count once', () => {
  const circuit = up()
  circuit.refused()
  assert.equal(circuit.refused(), false)
  assert.equal(circuit.delay, 100)
})

test('failures in a row make it go out, and a success forgets them', () => {
  const circuit = up()
  circuit.failed(false)
  circuit.failed(false)
  circuit.succeeded(1)
  circuit.failed(false)
  circuit.failed(false)
  assert.equal(circuit.state, 'up')
  assert.equal(circuit.failed(false), true)
  assert.equal(circuit.state, 'out')
})

test('after failures one request tries it, however well it can be reached', () => {
  const circuit = up()
  for (let i = 0; i < 3; i++) circuit.failed(false)
  circuit.reached(200)
  assert.equal(circuit.state, 'trial')
  assert.equal(circuit.failed(false), true)
  assert.equal(circuit.delay, 200)
  circuit.reached(500)
  assert.equal(circuit.succeeded(501), true)
  assert.equal(circuit.state, 'up')
})

test('the last endpoint stays although requests fail in it', () => {
  const circuit = up()
  for (let i = 0; i < 10; i++) assert.equal(circuit.failed(true), false)
  assert.equal(circuit.state, 'up')
  assert.equal(circuit.failed(false), true)
})

test('an endpoint that has served for long starts with the shortest time again', () => {
  const circuit = up()
  circuit.refused()
  circuit.stillOut()
  circuit.reached(1000)
  circuit.succeeded(1500)
  circuit.refused()
  assert.equal(circuit.delay, 400)
  circuit.reached(2000)
  circuit.succeeded(3000)
  circuit.refused()
  assert.equal(circuit.delay, 100)
})
