/** Why some tests fail: they need what no server on a network can do, or what ASGI leaves open. */

const CONTEXT = 'The test sets context variables in its own thread and reads them in the ' +
  'application. A request does not carry context variables.'

const CLIENT_CODE = 'The client closes with a code that only a server may send. connect() ' +
  'refuses it, as the WebSocket of browsers does.'

const LEFT = 'The client has disconnected when the application closes the WebSocket or answers, ' +
  'so send() raises the OSError that ASGI requires. TestClient accepts the message.'

const EXPLANATIONS = {
  starlette: [
    { tests: /test_accessing_context_from_threaded_sync_endpoint/, why: CONTEXT },
    { tests: /test_websocket_endpoint_on_disconnect|test_client_close/, why: CLIENT_CODE },
    {
      tests: anyOf(
        'test_websocket_endpoint_on_receive_(bytes|json|text)',
        'test_websocket_concurrency_pattern'
      ),
      why: LEFT
    },
    {
      tests: /test_response_phrase/,
      why: 'The status 123 does not end a request (RFC 9110, 15.2).'
    },
    {
      tests: /test_websocket_route_middleware/,
      why: 'The test depends on the case of a header name, which HTTP ignores.'
    },
    {
      tests: /test_closing_client_cancels_unclosed_response/,
      why: 'A complete response stays complete when its client disconnects, so background tasks ' +
        'continue.'
    },
    {
      tests: anyOf(
        'test_streaming_response_is_available_before_first_chunk',
        'test_streaming_response_applies_backpressure',
        'test_streaming_response_skips_empty_and_head_bodies'
      ),
      why: 'ASGI allows a server to hold back the head of a response until the first piece of ' +
        'its body, and pieces are sent up to one window (256 KiB) before they are read. ' +
        'TestClient does neither.'
    },
    {
      tests: /test_invalid_trailer_sequence/,
      why: 'The error is raised, but as a RuntimeError with another text, not an AssertionError.'
    },
    {
      tests: anyOf(
        'test_incomplete_trailers',
        'test_trailer_error_respects_raise_server_exceptions',
        'test_closing_completed_trailers'
      ),
      why: 'Trailers are sent together after the body, when the last of them is known. ' +
        'TestClient gets each at once.'
    },
    {
      tests: /test_use_testclient_as_contextmanager/,
      why: 'TestClient runs the lifespan here, on its own loop; the requests run on the loop of ' +
        'the worker.'
    },
    {
      tests: /test_receive_wrong_message_type/,
      why: 'The test sends the application a second websocket.connect, which no client can.'
    }
  ],
  fastapi: [
    {
      tests: anyOf(...[
        'function_scope', 'named_function_scope', 'regular_function_scope', 'request_scope', 'sub',
        'two_scopes'
      ].map((name) => `test_dependency_yield_scope_websockets.*::test_${name}`)),
      why: CONTEXT
    },
    { tests: /test_telemetry\/test_websockets.*::test_client_disconnect/, why: CLIENT_CODE },
    {
      tests: /test_broken_session_stream_no_raise/,
      why: 'The application fails before the first piece of its body. The head has been held ' +
        'back, as ASGI allows, so the client gets a 500 and not a 200 that breaks off.'
    }
  ]
}

function anyOf (...patterns) {
  return new RegExp(patterns.join('|'))
}

export const SUITES = Object.keys(EXPLANATIONS)

/**
 * @param {string} suite
 * @param {string} test its name in pytest
 * @returns {string | undefined}
 */
export function explain (suite, test) {
  return EXPLANATIONS[suite].find(({ tests }) => tests.test(test))?.why
}
