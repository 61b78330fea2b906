"""Runs a program in a terminal of its own: stdin is what is typed, and stdout is what is shown.

When the program has ended, the last line of stderr is a JSON object: how it ended, and whether the
terminal shows what is typed ("echo").
"""

import json
import os
import pty
import select
import sys
import termios

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
sources = [terminal, 0]
while terminal in sources:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 1 << 16)
        except OSError:  # Nobody has the terminal open any more.
            data = b""
        if not data:
            sources.remove(source)
        else:
            os.write(1 if source == terminal else terminal, data)
_, status = os.waitpid(pid, 0)
echo = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
print(json.dumps({"exit": os.waitstatus_to_exitcode(status), "echo": echo}), file=sys.stderr)
