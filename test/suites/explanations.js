/** Why tests fail that ask for what no server over a network can do, or leaves open. */

const CONTEXT = 'It sets context variables in the thread of the test and reads them in the ' +
  'application: a request carries none.'

const CLIENT_CODE = 'The client closes with a code that only a server may send: connect() refuses ' +
  'it, as the WebSocket of the web does.'

const LEFT = 'The client has left when the application closes the WebSocket or answers: send() ' +
  'raises the OSError that ASGI asks for. TestClient takes the message.'

const EXPLANATIONS = {
  starlette: [
    { tests: /test_accessing_context_from_threaded_sync_endpoint/, why: CONTEXT },
    { tests: /test_websocket_endpoint_on_disconnect|test_client_close/, why: CLIENT_CODE },
    {
      tests: /test_websocket_endpoint_on_receive_(bytes|json|text)|test_websocket_concurrency_pattern/,
      why: LEFT
    },
    {
      tests: /test_response_phrase/,
      why: 'The status 123 is not one that ends a request (RFC 9110, 15.2).'
    },
    {
      tests: /test_websocket_route_middleware/,
      why: 'It looks at the case of a header name, which HTTP does not have.'
    },
    {
      tests: /test_closing_client_cancels_unclosed_response/,
      why: 'A response that is complete stays so when its client leaves: background tasks run on.'
    },
    {
      tests: /test_streaming_response_(is_available_before_first_chunk|applies_backpressure|skips_empty_and_head_bodies)/,
      why: 'The head of a response is held back until its first piece of body, which ASGI allows, ' +
        'and pieces run ahead of the reader by one window (256 KiB); TestClient has neither.'
    },
    {
      tests: /test_invalid_trailer_sequence/,
      why: 'The error is raised, but with another text: RuntimeError, not AssertionError.'
    },
    {
      tests: /test_incomplete_trailers|test_trailer_error_respects_raise_server_exceptions|test_closing_completed_trailers/,
      why: 'Trailers travel together when the last of them is known, after the body; TestClient ' +
        'has each at once.'
    },
    {
      tests: /test_use_testclient_as_contextmanager/,
      why: 'TestClient runs the lifespan here, on a loop of its own; the requests run on that of ' +
        'the worker.'
    },
    {
      tests: /test_receive_wrong_message_type/,
      why: 'The test sends the application a second websocket.connect, which no client can.'
    }
  ],
  fastapi: [
    {
      tests: /test_dependency_yield_scope_websockets.*::test_(function_scope|named_function_scope|regular_function_scope|request_scope|sub|two_scopes)/,
      why: CONTEXT
    },
    { tests: /test_telemetry\/test_websockets.*::test_client_disconnect/, why: CLIENT_CODE },
    {
      tests: /test_broken_session_stream_no_raise/,
      why: 'The application fails before its first piece of body: the head has been held back, as ' +
        'ASGI allows, and the client gets a 500 and not a 200 that breaks off.'
    }
  ]
}

export const SUITES = Object.keys(EXPLANATIONS)

/**
 * @param {string} suite
 * @param {string} test its name, as pytest says it
 * @returns {string | undefined}
 */
export function explain (suite, test) {
  return EXPLANATIONS[suite].find(({ tests }) => tests.test(test))?.why
}
