"""Runs a command with a listening socket as descriptor 3, as a socket unit of systemd does.

Arguments: fd or systemd, then the command. The port is written to the file $PORT_FILE.
"""

import os
import socket
import sys

how, *command = sys.argv[1:]
listener = socket.create_server(("127.0.0.1", 0))
with open(os.environ["PORT_FILE"], "w", encoding="ascii") as file:
    file.write(str(listener.getsockname()[1]))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
if how == "systemd":
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="web")
os.execv(command[0], command)
