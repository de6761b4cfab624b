"""The load of form posts: connections that are kept open, each in a closed loop, in a process of their own.

    python -m tests.bench.load_forms URL CONNECTIONS SECONDS PATH   posts a form there, with an address nobody has had
    python -m tests.bench.load_forms URL CONNECTIONS                presses the buttons of the paths on its input, once

Prints JSON: `rate` (answered per second), `p50` and `p99` (milliseconds). Only loopback addresses are taken.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import itertools  # noqa: E402 the patch comes first
import json  # noqa: E402
import os  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import urllib.parse  # noqa: E402
from collections.abc import Iterator  # noqa: E402

import gevent  # noqa: E402

times: list[float] = []


def requests(host: str, path: str, until: float) -> Iterator[bytes]:
    for number in itertools.count(1):
        if time.monotonic() >= until:
            return
        yield request(host, path, f"email=v{os.getpid()}x{number}%40example.net&name=A+visitor&consent=newsletter")


def request(host: str, path: str, body: str = "") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def client(where: tuple[str, int], coming: Iterator[bytes], wanted: bytes) -> None:
    """One kept-open connection: the next request leaves when the last was answered."""
    with socket.create_connection(where, timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for sent in coming:
            began = time.perf_counter()
            connection.sendall(sent)
            head = answer(connection)
            assert head.startswith(wanted), head
            times.append(time.perf_counter() - began)


def answer(connection: socket.socket) -> bytes:
    """The head of the answer, which has come in whole."""
    came = connection.recv(65536)
    while b"\r\n\r\n" not in came:
        came += connection.recv(65536)
    head, _blank, body = came.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    left = length - len(body)
    while left > 0:
        left -= len(connection.recv(65536))
    return head


def main() -> None:
    url, connections, *rest = sys.argv[1:]
    parts = urllib.parse.urlsplit(url)
    assert parts.hostname == "127.0.0.1", "loopback only"
    begun = time.monotonic()
    if rest:
        coming = requests(parts.netloc, rest[1], begun + float(rest[0]))
    else:
        coming = iter([request(parts.netloc, path) for path in sys.stdin.read().split()])
    wanted = b"HTTP/1.1 202" if rest else b"HTTP/1.1 200"
    # One iterator for all: each takes the next request that nobody has sent.
    where = (parts.hostname, parts.port or 80)
    gevent.joinall([gevent.spawn(client, where, coming, wanted) for _one in range(int(connections))], raise_error=True)
    took = time.monotonic() - begun
    times.sort()
    at = {name: 1000 * times[int(part * (len(times) - 1))] for name, part in (("p50", 0.5), ("p99", 0.99))}
    print(json.dumps({"rate": len(times) / took, **at}))


if __name__ == "__main__":
    main()
