import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { readableTraceback } from '../../../../addon/lib/cli/terminal/traceback.js'

const paint = (text, ...looks) => `<${looks.join(' ')}>${text}</>`
const LIB = '/app/.venv/lib/python3.12/site-packages'

describe('readableTraceback', () => {
  it('shows the frames of the application, and folds those of libraries', () => {
    assert.equal(readableTraceback(`worker failed
Traceback (most recent call last):
  File "${LIB}/starlette/routing.py", line 1, in app
    await it()
    ^^^^^^^^^^
  File "${LIB}/fastapi/routing.py", line 2, in run
    return fn()
  File "/app/main.py", line 12, in read_item
    return items[1]
           ~~~~~^^^
  File "/usr/lib/python3.12/json/__init__.py", line 3, in loads
    raise
KeyError: 1`, paint), `worker failed
Traceback (most recent call last):
  <dim>… 2 frames of starlette, fastapi</>
  <cyan bold>/app/main.py:12</> in <bold>read_item</>
    return items[1]
           ~~~~~^^^
<dim>  File "/usr/lib/python3.12/json/__init__.py", line 3, in loads</>
<dim>    raise</>
<red bold>KeyError: 1</>`)
  })

  it('knows the margins of a log, of chains and of groups of exceptions', () => {
    assert.equal(readableTraceback(`first
  | Traceback (most recent call last):
  |   File "/app/main.py", line 1, in <module>
  |     import x
  | ModuleNotFoundError: No module named 'x'
  |
  | During handling of the above exception, another exception occurred:
  |
  |   + Exception Group Traceback (most recent call last):
  |   |   File "${LIB}/a.py", line 1, in a
  |   |   File "${LIB}/b/c.py", line 1, in b
  |   | ExceptionGroup: two (2 sub-exceptions)`, paint), `first
  | Traceback (most recent call last):
  |   <cyan bold>/app/main.py:1</> in <bold><module></>
  |     import x
  | <red bold>ModuleNotFoundError: No module named 'x'</>
  |
  | During handling of the above exception, another exception occurred:
  |
  |   + Exception Group Traceback (most recent call last):
  |   |   <dim>… 2 frames of a, b</>
  |   | <red bold>ExceptionGroup: two (2 sub-exceptions)</>`)
  })

  it('shows where a syntax error is', () => {
    assert.equal(readableTraceback('  File "/app/main.py", line 3\n    def (\n        ^\n' +
      'SyntaxError: invalid syntax', paint),
    '  <cyan bold>/app/main.py:3</>\n    def (\n        ^\n' +
    '<red bold>SyntaxError: invalid syntax</>')
  })

  it('leaves everything else alone', () => {
    assert.equal(readableTraceback('ValueError: no frames', paint), 'ValueError: no frames')
  })
})
