/** Clients that accept a `fetch`, with python.fetch. docs/clients.md has the results. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { startPython } from '../support/harness.js'
import { PYTHON, docroot, skip } from './installed.js'

const BASE = 'http://localhost'
const TEXT = 'Hello from Python ü'

function form () {
  const data = new FormData()
  data.set('file', new Blob(['x'.repeat(100_000)]), 'a.txt')
  return data
}

async function textOf (stream) {
  let text = ''
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) text += piece
  return text
}

const item = { name: 'teapot', price: 12.5 }
const asked = { id: '1', role: 'user', parts: [{ type: 'text', text: '(hi)' }] }

describe('python.fetch', { skip, timeout: 120_000 }, () => {
  let python
  before(async () => {
    python = startPython({ docroot, python: PYTHON })
    await python.ready
  })
  after(() => python.close())

  it('ky: JSON, forms, streams, errors, retries, timeouts', async () => {
    const { default: ky, HTTPError, TimeoutError } = await import('ky')
    const retry = { limit: 1, delay: () => 1 }
    const api = ky.create({ fetch: python.fetch, prefixUrl: BASE, retry })
    assert.deepEqual(await api.get('items/7', { searchParams: { tag: 'ü', full: true } }).json(),
      { id: 7, tag: 'ü', full: true })
    assert.deepEqual(await api.post('items', { json: item }).json(), item)
    assert.deepEqual(await api.post('upload', { body: form() }).json(),
      { name: 'a.txt', size: 100_000 })
    assert.equal((await api.delete('items/7')).status, 204)
    assert.equal(await textOf((await api.get('words')).body), TEXT)
    await assert.rejects(api.get('items/0').json(),
      (error) => error instanceof HTTPError && error.response.status === 404)
    assert.equal((await api.get('flaky').json()).attempts % 2, 0)
    await assert.rejects(api.get('slow', { timeout: 50, retry: 0 }), TimeoutError)
    const progress = []
    const onDownloadProgress = ({ transferredBytes }) => { progress.push(transferredBytes) }
    await api.get('words', { onDownloadProgress }).text()
    assert.equal(progress.at(-1), Buffer.byteLength(TEXT))
  })

  it('ofetch: JSON, forms, streams, errors, retries, timeouts', async () => {
    const { createFetch, FetchError } = await import('ofetch')
    const api = createFetch({ fetch: python.fetch, Headers, AbortController })
    assert.deepEqual(await api('/items/7', { query: { tag: 'ü' } }),
      { id: 7, tag: 'ü', full: false })
    assert.deepEqual(await api('/items', { method: 'POST', body: item }), item)
    assert.deepEqual(await api('/upload', { method: 'POST', body: form() }),
      { name: 'a.txt', size: 100_000 })
    assert.equal(await textOf(await api('/words', { responseType: 'stream' })), TEXT)
    await assert.rejects(api('/items/0'),
      (error) => error instanceof FetchError && error.data.detail === 'no such item')
    assert.equal((await api('/flaky', { retry: 1, retryDelay: 1 })).attempts % 2, 0)
    await assert.rejects(api('/slow', { timeout: 50, retry: 0 }), FetchError)
  })

  it('axios with its fetch adapter: JSON, forms, streams, errors, timeouts', async () => {
    const { default: axios } = await import('axios')
    const api = axios.create({ adapter: 'fetch', env: { fetch: python.fetch }, baseURL: BASE })
    const { data, status, headers } = await api.get('/items/7', { params: { tag: 'ü' } })
    assert.deepEqual([data, status], [{ id: 7, tag: 'ü', full: false }, 200])
    assert.equal(headers['content-type'], 'application/json')
    assert.deepEqual((await api.post('/items', item)).data, item)
    // Without this header, axios in Node sends another one with any fetch.
    const multipart = { headers: { 'content-type': 'multipart/form-data' } }
    assert.deepEqual((await api.post('/upload', form(), multipart)).data,
      { name: 'a.txt', size: 100_000 })
    assert.equal(await textOf((await api.get('/words', { responseType: 'stream' })).data), TEXT)
    await assert.rejects(api.get('/items/0'),
      (error) => axios.isAxiosError(error) && error.response.data.detail === 'no such item')
    await assert.rejects(api.get('/slow', { timeout: 50 }), { code: 'ETIMEDOUT' })
    const aborted = AbortSignal.timeout(50)
    await assert.rejects(api.get('/slow', { signal: aborted }), { code: 'ERR_CANCELED' })
    const progress = []
    await api.get('/words', { onDownloadProgress: ({ loaded }) => progress.push(loaded) })
    assert.equal(progress.at(-1), Buffer.byteLength(TEXT))
  })

  it('openapi-fetch: with a base URL; without one, Node has no URL for the request', async () => {
    const { default: createClient } = await import('openapi-fetch')
    const api = createClient({ fetch: python.fetch, baseUrl: BASE })
    const { data } = await api.GET('/items/{item_id}',
      { params: { path: { item_id: 7 }, query: { tag: 'a' } } })
    assert.deepEqual(data, { id: 7, tag: 'a', full: false })
    const { data: created, response } = await api.POST('/items', { body: item })
    assert.deepEqual([created, response.status], [item, 201])
    const { error } = await api.GET('/items/{item_id}', { params: { path: { item_id: 0 } } })
    assert.deepEqual(error, { detail: 'no such item' })
    await assert.rejects(createClient({ fetch: python.fetch }).GET('/items/7'), TypeError)
  })

  it('tRPC: links with and without batches', async () => {
    const { createTRPCUntypedClient, httpBatchLink, httpLink, TRPCClientError } =
      await import('@trpc/client')
    for (const link of [httpLink, httpBatchLink]) {
      const api = createTRPCUntypedClient({ links: [link({ url: '/trpc', fetch: python.fetch })] })
      const answers = [api.query('greet', 'A'), api.query('greet', 'ü'), api.mutation('greet', 'B')]
      assert.deepEqual(await Promise.all(answers), ['Hello, A!', 'Hello, ü!', 'Hello, B!'])
      await assert.rejects(api.query('none', 1),
        (error) => error instanceof TRPCClientError && error.data.code === 'NOT_FOUND')
    }
  })

  it('Apollo Client: queries, mutations, errors, subscriptions over HTTP', async () => {
    const { ApolloClient, HttpLink, InMemoryCache, gql } = await import('@apollo/client')
    const client = new ApolloClient({
      link: new HttpLink({ uri: '/graphql', fetch: python.fetch }), cache: new InMemoryCache()
    })
    const { data } = await client.query({ query: gql`{ books(longest: true) { title pages } }` })
    assert.deepEqual({ ...data.books[0] }, { __typename: 'Book', title: 'Python', pages: 300 })
    const renamed = await client.mutate({
      mutation: gql`mutation ($title: String!) { rename(title: $title) { title } }`,
      variables: { title: 'ü' }
    })
    assert.equal(renamed.data.rename.title, 'ü')
    await assert.rejects(client.query({ query: gql`{ broken }` }), /as asked/)
    const counted = []
    await new Promise((resolve, reject) => {
      const next = ({ data }) => { counted.push(data.count) }
      client.subscribe({ query: gql`subscription { count(to: 3) }` })
        .subscribe({ next, complete: resolve, error: reject })
    })
    assert.deepEqual(counted, [0, 1, 2])
    client.stop()
  })

  it('urql: queries, mutations, errors', async () => {
    const { Client, fetchExchange, gql } = await import('@urql/core')
    const client = new Client({
      url: '/graphql',
      fetch: python.fetch,
      exchanges: [fetchExchange],
      preferGetMethod: false
    })
    const { data } = await client.query(gql`{ books { title pages } }`, {})
    assert.deepEqual({ ...data.books[0] }, { title: 'Python', pages: 100 })
    const renamed = await client
      .mutation(gql`mutation ($to: String!) { rename(title: $to) { title } }`, { to: 'ü' })
    assert.equal(renamed.data.rename.title, 'ü')
    assert.match((await client.query(gql`{ broken }`, {})).error.message, /as asked/)
  })

  it('AI SDK: DefaultChatTransport reads the stream of a Python endpoint', async () => {
    const { DefaultChatTransport, readUIMessageStream } = await import('ai')
    const transport = new DefaultChatTransport({ api: '/api/chat', fetch: python.fetch })
    const stream = await transport.sendMessages({
      trigger: 'submit-message', chatId: 'c', messages: [asked], abortSignal: undefined
    })
    const texts = []
    for await (const { parts } of readUIMessageStream({ stream })) {
      texts.push(parts.filter(({ type }) => type === 'text').map(({ text }) => text).join(''))
    }
    assert.equal(texts.at(-1), `${TEXT} (hi)`)
    assert(new Set(texts).size > 3, 'the text arrived in pieces')
  })

  it('AI SDK: streamText and generateText with a model that Python serves', async () => {
    const { generateText, streamText } = await import('ai')
    const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
    const provider = createOpenAICompatible({
      name: 'python', baseURL: `${BASE}/v1`, fetch: python.fetch
    })
    const { text } = await generateText({ model: provider('tiny'), prompt: 'hi' })
    assert.equal(text, TEXT)
    const pieces = []
    for await (const piece of streamText({ model: provider('tiny'), prompt: 'hi' }).textStream) {
      pieces.push(piece)
    }
    assert.deepEqual(pieces, ['Hello', ' from', ' Python', ' ü'])
  })

  it('eventsource-parser: the events of a stream', async () => {
    const { EventSourceParserStream } = await import('eventsource-parser/stream')
    const response = await python.fetch('/api/chat', {
      method: 'POST', body: JSON.stringify({ messages: [asked] })
    })
    const events = response.body
      .pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
    const data = []
    for await (const event of events) data.push(event.data)
    assert.equal(data.at(-1), '[DONE]')
    assert.equal(data.slice(0, -1).map((text) => JSON.parse(text).delta ?? '').join(''),
      `${TEXT} (hi)`)
  })
})
