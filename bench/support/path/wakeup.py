"""
Measures the time to wake a process that sleeps in epoll through an eventfd, as both sides of
node-asgi do, without rings and frames.

    wakeup.py TURNS same|other

Two processes, on the same core or on two, wake each other in turn. Prints medians in microseconds
as JSON: "ring" is a write that wakes nobody, "one_way" is from before a write until the other
process runs, "round_trip" is there and back, and "cpu" is the CPU time of both per round trip. A
few tenths of a microsecond in each are Python's own.
"""

import json
import mmap
import os
import resource
import select
import statistics
import sys
import time

turns = int(sys.argv[1])
cores = sorted(os.sched_getaffinity(0))
other = cores[0] if sys.argv[2] == "same" else cores[-1]
now = time.perf_counter_ns


def watched():
    bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    poll = select.epoll()
    poll.register(bell, select.EPOLLIN)
    return bell, poll


def cpu(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


own, own_poll = watched()
peer, peer_poll = watched()
awake = memoryview(mmap.mmap(-1, 8)).cast("Q")

child = os.fork()
os.sched_setaffinity(0, [other if child == 0 else cores[0]])
if child == 0:
    for _ in range(turns):
        peer_poll.poll()
        awake[0] = now()
        os.eventfd_read(peer)
        os.eventfd_write(own, 1)
    os._exit(0)

one_way, round_trip = [], []
before = cpu(resource.RUSAGE_SELF)
for _ in range(turns):
    started = now()
    os.eventfd_write(peer, 1)
    own_poll.poll()
    os.eventfd_read(own)
    round_trip.append(now() - started)
    one_way.append(awake[0] - started)
used = cpu(resource.RUSAGE_SELF) - before
os.waitpid(child, 0)
used += cpu(resource.RUSAGE_CHILDREN)

ring = []
for _ in range(turns):
    started = now()
    os.eventfd_write(peer, 1)
    ring.append(now() - started)

medians = {"ring": ring, "one_way": one_way, "round_trip": round_trip}
result = {name: statistics.median(list) / 1000 for name, list in medians.items()}
print(json.dumps({**result, "cpu": used / turns * 1e6}))
