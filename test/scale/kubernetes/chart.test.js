/**
 * examples/kubernetes: the chart, its schema, and whether the command line does what it promises.
 * What needs Helm is skipped unless setup.sh has installed it.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

import { PythonHandler } from '../../../addon/lib/index.js'
import { parseArguments } from '../../support/arguments.js'
import { COPIED, ENTRYPOINT } from './image.js'
import { POD, RESOURCES, optionOf, resource } from './pod.js'

const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url))
const EXAMPLES = here('../../../examples/')
const read = (/** @type {string} */ name) => readFileSync(join(EXAMPLES, name), 'utf8')

const isInstalled = existsSync(here('.venv/installed')) &&
  existsSync(here('node_modules/.node-asgi-stamp')) && existsSync(here('../../../build/helm/helm'))
const skip = !isInstalled && 'run `bash test/scale/kubernetes/setup.sh` first'

/** Of Kubernetes. */
const VERSIONS = process.env.NODE_ASGI_TEST_SCALE === 'full' ? ['1.30', '1.33', '1.37'] : ['1.33']

describe('the pod of the chart', () => {
  it('has options that the command line takes', () => {
    assert.deepEqual(ENTRYPOINT, ['node', 'node_modules/.bin/node-asgi'])
    const settings = parseArguments(POD.args)
    assert.equal(settings.handler.appTarget, 'main:app')
    assert.deepEqual(settings.health, { host: '0.0.0.0', port: POD.port('monitoring') })
    assert.deepEqual(settings.metrics, settings.health)
    assert.equal(settings.stopDelay, Number(optionOf('--stop-delay')) * 1000)
  })

  it('is given the time that it takes to stop', () => {
    const { spec, container } = POD
    const stopping = Number(optionOf('--stop-delay')) + Number(optionOf('--timeout-drain'))
    assert.equal(spec.terminationGracePeriodSeconds, stopping + 2)
    const { periodSeconds, failureThreshold, timeoutSeconds } = container.readinessProbe
    assert(periodSeconds * failureThreshold + timeoutSeconds <= Number(optionOf('--stop-delay')))
    const { startupProbe } = container
    assert(startupProbe.periodSeconds * startupProbe.failureThreshold >
      Number(optionOf('--timeout-startup')))
  })

  it('asks for paths of python.health', async () => {
    const python = new PythonHandler({ appTarget: 'main:app', logger: false })
    for (const [probe, expected] of [['livenessProbe', 200], ['readinessProbe', 503],
      ['startupProbe', 503]]) {
      const { path, port } = POD.container[probe].httpGet
      assert.equal(port, 'monitoring')
      const res = {
        statusCode: 200,
        setHeader () {},
        writeHead (code) { this.statusCode = code },
        end () {}
      }
      let isKnown = true
      python.health(/** @type {any} */ ({ method: 'GET', url: path }), /** @type {any} */ (res),
        () => { isKnown = false })
      assert(isKnown, path)
      assert.equal(res.statusCode, expected, `${path} before the application has started`)
    }
    await python.close()
  })

  it('may use the processors that its processes can, and memory for one more worker', () => {
    const { requests, limits } = POD.container.resources
    const workers = Number(optionOf('--workers'))
    assert.equal(limits.cpu, String(workers + 1))
    assert.equal(requests.memory, limits.memory)
    // 300 requests/s of 60 and 900 µs, at 70 %.
    assert.equal(requests.cpu, '412m')
    assert.equal(limits.memory, `${120 + 40 + (workers + 1) * 60}Mi`)
  })

  it('runs without root, on a file system that it cannot write to', () => {
    const { spec, container } = POD
    assert.equal(spec.securityContext.runAsNonRoot, true)
    assert.equal(container.securityContext.readOnlyRootFilesystem, true)
    assert.match(read('kubernetes/Dockerfile'), new RegExp(`^USER ${POD.user}:`, 'm'))
    assert.deepEqual(POD.writable, ['/tmp'])
  })

  it('has an image of files that .dockerignore does not leave out', () => {
    const sent = read('kubernetes/.dockerignore').trim().split('\n')
    assert.deepEqual(sent.toSorted(), ['*', ...COPIED.map((name) => `!${name}`)].toSorted())
    assert.equal(COPIED.length, 4)
    for (const name of COPIED.filter((each) => each !== 'package-lock.json')) {
      assert(existsSync(join(EXAMPLES, 'kubernetes', name)), name)
    }
  })

  it('has the dashboard of examples/observability', () => {
    const [ours, theirs] = ['kubernetes/chart/dashboards/node-asgi.json',
      'observability/grafana-dashboard.json']
    assert(read(ours) === read(theirs), `copy examples/${theirs} to examples/${ours}`)
  })

  it('is scaled by metrics that exist', () => {
    for (const { metadata } of resource('ScaledObject').spec.triggers) {
      const [, metric] = /(node_asgi_\w+)/.exec(metadata.query)
      assert(readFileSync(here('../../../docs/observability.md'), 'utf8').includes(`\`${metric}`))
    }
  })
})

/**
 * Checks resources against the schemas of Kubernetes, of KEDA and of the Prometheus operator.
 * @param {any[]} resources
 * @returns {Promise<string>} what is wrong
 */
async function faultsOf (resources) {
  const models = {
    ...await import('@kubernetes-models/keda/keda.sh/v1alpha1'),
    ...await import('@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1')
  }
  const folder = mkdtempSync(join(tmpdir(), 'node-asgi-chart-'))
  const files = []
  let faults = ''
  try {
    for (const each of resources) {
      const Model = models[each.kind]
      try {
        if (Model !== undefined) {
          new Model(each).validate()
          continue
        }
      } catch (error) {
        faults += `${each.kind}: ${error.message}\n`
        continue
      }
      files.push(join(folder, `${each.kind}.yaml`))
      writeFileSync(files.at(-1), JSON.stringify(each))
    }
    for (const version of VERSIONS) {
      const { status, stdout, stderr } = spawnSync(here('.venv/bin/kubernetes-validate'),
        ['--strict', '-k', version, ...files], { encoding: 'utf8' })
      if (status !== 0) faults += stdout + stderr
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return faults
}

describe('the chart', { skip, timeout: 120_000 }, () => {
  /** @type {typeof import('./render.js')} */
  let chart

  /** Sets of values that show everything that the templates can make. */
  const VARIANTS = {
    'the defaults': {},
    KEDA: { 'autoscaling.kind': 'keda', 'serviceMonitor.enabled': true },
    everything: {
      'autoscaling.kind': 'hpa',
      'serviceMonitor.enabled': true,
      'serviceMonitor.labels': { release: 'prometheus' },
      'dashboard.enabled': true,
      'drain.preStop': 5,
      trustProxy: 'uniquelocal',
      env: [{ name: 'LOG_LEVEL', value: 'info' }],
      imagePullSecrets: [{ name: 'registry' }],
      'networkPolicy.clients': [{ podSelector: { matchLabels: { app: 'ingress' } } }],
      'networkPolicy.egress': [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
      nodeSelector: { disk: 'fast' },
      tolerations: [{ key: 'gpu', operator: 'Exists' }],
      affinity: { nodeAffinity: {} }
    },
    'no policy': { 'networkPolicy.enabled': false, replicas: 0 }
  }

  it('passes helm lint', async () => {
    chart = await import('./render.js')
    const { status, stdout } = spawnSync(chart.HELM, ['lint', '--strict', chart.CHART],
      { encoding: 'utf8' })
    assert.equal(status, 0, stdout)
  })

  it('renders what rendered.json has', () => {
    assert.deepEqual(chart.parse(chart.template(chart.SHOWN)), RESOURCES,
      'run `node test/scale/kubernetes/render.js`')
  })

  for (const [name, values] of Object.entries(VARIANTS)) {
    it(`fits the schemas with ${name}`, async () => {
      assert.equal(await faultsOf(chart.parse(chart.template(values))), '')
    })
  }

  it('would not fit with a mistake', async () => {
    const mistakes = {
      Deployment: ({ spec }) => { spec.template.spec.containers[0].livenesProbe = {} },
      ScaledObject: ({ spec }) => { spec.triggers[0].metadata = [] },
      ServiceMonitor: ({ spec }) => { spec.endpoints = '/metrics' }
    }
    for (const [kind, make] of Object.entries(mistakes)) {
      const resources = structuredClone(RESOURCES)
      make(resources.find((each) => each.kind === kind))
      assert.notEqual(await faultsOf(resources), '', kind)
    }
  })

  it('gives the pod the time for preStop, too, and takes no number of replicas with HPA', () => {
    const [{ spec }] = chart.parse(chart.template(VARIANTS.everything))
      .filter(({ kind }) => kind === 'Deployment')
    assert.equal(spec.template.spec.terminationGracePeriodSeconds, 5 + 5 + 8 + 2)
    assert.equal(spec.replicas, undefined)
  })

  const REFUSED = {
    'a typing mistake': [{ workes: 2 }, /workes/],
    'no workers': [{ workers: 0 }, /workers/],
    'a type': [{ 'drain.timeout': '8s' }, /timeout/],
    'too short a delay': [{ 'drain.stopDelay': 3 }, /stopDelay must be at least 5/],
    'a load that the workers cannot take': [{ 'capacity.requestsPerSecond': 2000 }, /3 workers/],
    'a load that Node cannot take': [{ 'capacity.requestsPerSecond': 20000 }, /1\.7 Node processes/]
  }
  for (const [name, [values, message]] of Object.entries(REFUSED)) {
    it(`refuses ${name}`, () => {
      assert.throws(() => chart.template(/** @type {any} */ (values)),
        ({ stderr }) => message.test(stderr))
    })
  }
})
