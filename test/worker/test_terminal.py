"""The worker's end of the terminal that Node shares. test/integration/debug.test.js tests both."""

import os
import pty
import signal
import socket
import termios
import threading
from bdb import BdbQuit

import pytest
from node_asgi_worker import terminal
from node_asgi_worker.terminal import HOLD, RELEASE, Modes, Terminal


@pytest.fixture
def node(monkeypatch):
    """The end that Node has."""
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(terminal, "FD", theirs.fileno())
    ours.settimeout(10)
    with ours, theirs:
        yield ours


def answering(node, shared):
    """Enters as a thread does while Node answers. Returns what Node got."""
    node.send(b"o")
    shared.__enter__()
    return node.recv(10)


def test_node_is_told_when_it_is_held_and_released(node):
    shared = Terminal()
    assert answering(node, shared) == HOLD
    with shared:  # a debugger in the debugger
        pass
    shared.__exit__()
    assert node.recv(10) == RELEASE


def test_a_node_that_does_not_answer_is_waited_for_only_for_a_while(node, monkeypatch):
    monkeypatch.setattr(terminal, "PATIENCE", 0.01)
    with Terminal():
        assert node.recv(10) == HOLD
    assert node.recv(10) == RELEASE


def test_a_node_that_is_gone_does_not_matter(node):
    node.close()
    with Terminal():
        pass


def test_only_one_thread_has_it(node):
    shared = Terminal()
    answering(node, shared)
    entered = threading.Event()

    def enter():
        with shared:
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    assert not entered.wait(0.05)
    node.send(b"o")
    shared.__exit__()
    thread.join(10)
    assert entered.is_set()


def interrupt(shared):
    shared._interrupted(signal.SIGINT, None)


def test_an_interrupt_ends_a_debugger_in_the_main_thread(node):
    shared = Terminal()
    interrupt(shared)  # Nobody debugs.
    answering(node, shared)
    with pytest.raises(BdbQuit):
        interrupt(shared)
    shared.__exit__()


def test_an_interrupt_lets_node_speak_if_the_debugger_is_in_another_thread(node):
    shared = Terminal()
    node.send(b"o")
    thread = threading.Thread(target=shared.__enter__)
    thread.start()
    thread.join(10)
    assert node.recv(10) == HOLD
    interrupt(shared)
    assert node.recv(10) == RELEASE


def test_the_modes_that_a_killed_debugger_left_are_undone():
    pid, fd = pty.fork()
    if pid == 0:
        modes = Modes()
        raw = termios.tcgetattr(0)
        raw[3] &= ~termios.ECHO
        termios.tcsetattr(0, termios.TCSANOW, raw)
        modes.restore()
        os._exit(0 if termios.tcgetattr(0)[3] & termios.ECHO else 1)
    try:
        assert os.waitpid(pid, 0)[1] == 0
    finally:
        os.close(fd)
