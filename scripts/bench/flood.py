"""Attackers in a process of their own: `forged` or `junk`, port, how many a second.

Says {"port"} when it is there, attacks while it is told to (`go` and the bytes of a request in hexadecimal, which may be
renewed; `stop`), says how many it began, and ends with its input. In Python, because a connection costs it a third of
what it costs Node: the attackers of this benchmark share one core with the honest caller.
"""

import collections
import errno
import json
import os
import random
import resource
import select
import socket
import struct
import sys
import time

TICK_SECONDS = 0.001
# What a busy machine did not let us begin in time is given up: a backlog would leave time for nothing else.
MOST_OWED_SECONDS = 0.05
# Bad signatures come from so many addresses that no budget of an address stops them: each must be looked at.
FORGED_ADDRESSES = 60_000
FORGED_FROM = [(f"127.2.{n >> 8}.{n & 255 or 1}", 0) for n in range(FORGED_ADDRESSES)]
JUNK_FROM = [(f"127.1.0.{n + 1}", 0) for n in range(250)]
# Connections that say nothing and stay, to fill whatever has a bound.
MOST_SILENT = 2_000
MOST_WAITING = 2_000
JUNK = b"\x16\x03\x01 this is no HTTP\r\n\r\n"
BIND_ADDRESS_NO_PORT = 24  # Linux: the port is chosen with the peer, which is much faster
RESET = struct.pack("ii", 1, 0)
PENDING = (0, errno.EINPROGRESS)

kind, port, per_second = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
request = b""
began = 0
silent = collections.deque()
waiting = collections.OrderedDict()
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
poll = select.epoll()
poll.register(0, select.EPOLLIN)


def open_connection(addresses):
    """From any of the addresses of this machine: each counts as another one."""
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    one.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
    one.bind(addresses[int(random.random() * len(addresses))])
    if one.connect_ex(("127.0.0.1", port)) in PENDING:
        return one
    one.close()
    return None


def junk():
    """In turn: a reset at once, nonsense and an end, silence for a while."""
    one = open_connection(JUNK_FROM)
    if one is None:
        return
    manner = began % 3
    if manner == 2:
        silent.append(one)
        if len(silent) > MOST_SILENT:
            silent.popleft().close()
        return
    try:
        if manner == 0:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        else:
            one.send(JUNK)
    except OSError:
        pass  # refused already
    one.close()


def forged():
    """A whole request; its connection is closed when the reply is there."""
    one = open_connection(FORGED_FROM)
    if one is None:
        return
    try:
        one.send(request)
    except OSError:
        one.close()
        return
    waiting[one.fileno()] = one
    poll.register(one.fileno(), select.EPOLLIN)
    if len(waiting) > MOST_WAITING:
        waiting.popitem(last=False)[1].close()


attack = junk if kind == "junk" else forged
is_on = False
last = owed = 0.0
print(json.dumps({"port": port}), flush=True)
text = b""
while True:
    for descriptor, _ in poll.poll(TICK_SECONDS if is_on else -1):
        if descriptor != 0:
            one = waiting.pop(descriptor, None)
            if one is not None:
                one.close()
            continue
        piece = os.read(0, 65_536)
        if not piece:
            sys.exit(0)
        *lines, text = (text + piece).split(b"\n")
        for line in lines:
            word, _, rest = line.partition(b" ")
            if word == b"go":
                request = bytes.fromhex(rest.decode())
                if not is_on:
                    is_on, began, owed, last = True, 0, 0.0, time.monotonic()
                continue
            is_on = False
            print(json.dumps({"begun": began}), flush=True)
            for one in [*silent, *waiting.values()]:
                one.close()
            silent.clear()
            waiting.clear()
    if is_on:
        now = time.monotonic()
        owed = min(owed + (now - last) * per_second, MOST_OWED_SECONDS * per_second)
        last = now
        while owed >= 1:
            owed -= 1
            began += 1
            attack()
