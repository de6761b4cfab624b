"""The load of forms, in a process of its own.

    python -m tests.bench.load URL PATH CONNECTIONS SECONDS

Prints how much was acknowledged per second. Only loopback addresses are taken.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import http.client  # noqa: E402 the patch comes first
import itertools  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import urllib.parse  # noqa: E402

import gevent  # noqa: E402

acknowledged = 0
numbers = itertools.count(1)


def form_client(url: str, path: str, until: float) -> None:
    """One kept-open connection that posts a form with a fresh address each time."""
    global acknowledged
    where = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    while time.monotonic() < until:
        body = urllib.parse.urlencode(
            {"email": f"visitor{next(numbers)}@example.net", "name": "A visitor", "consent": "newsletter"}
        )
        connection.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 202, answer.status
        acknowledged += 1


def main() -> None:
    url, path, clients, seconds = sys.argv[1:]
    assert urllib.parse.urlsplit(url).hostname == "127.0.0.1", "loopback only"
    begun = time.monotonic()
    until = begun + float(seconds)
    gevent.joinall([gevent.spawn(form_client, url, path, until) for _ in range(int(clients))], raise_error=True)
    print(acknowledged / (time.monotonic() - begun))


if __name__ == "__main__":
    main()
