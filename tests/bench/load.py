"""The load: bare WebSocket clients that speak just enough Socket.IO, in a process of their own.

    python -m tests.bench.load relay URL SITE_KEY PAIRS SECONDS
    python -m tests.bench.load forms URL PATH CONNECTIONS SECONDS

Prints how much was acknowledged per second. Only loopback addresses are taken.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import http.client  # noqa: E402 the patch comes first
import itertools  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import urllib.parse  # noqa: E402

import gevent  # noqa: E402
import websocket  # noqa: E402

acknowledged = 0
numbers = itertools.count(1)


def relay_client(url: str, site: str, until: float) -> None:
    """One visitor in a closed loop: the next message leaves when the last was acknowledged."""
    global acknowledged
    socket = websocket.create_connection(
        f"{url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket", timeout=30
    )
    socket.recv()
    socket.send("40/visitor," + json.dumps({"site": site}))
    number = 0
    while time.monotonic() < until:
        frame = socket.recv()
        if frame == "2":
            socket.send("3")
        elif (number == 0 and frame.startswith("42/visitor,")) or frame.startswith(f"43/visitor,{number}["):
            if frame.startswith("43"):
                acknowledged += 1
                assert '"ok":true' in frame, frame
            number += 1
            payload = json.dumps(
                ["message", {"client_id": f"{id(socket)}-{number}", "body": "A question of some length?"}]
            )
            socket.send(f"42/visitor,{number}{payload}")
    socket.close()


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
    what, url, target, clients, seconds = sys.argv[1:]
    assert urllib.parse.urlsplit(url).hostname == "127.0.0.1", "loopback only"
    begun = time.monotonic()
    until = begun + float(seconds)
    client = relay_client if what == "relay" else form_client
    gevent.joinall([gevent.spawn(client, url, target, until) for _ in range(int(clients))], raise_error=True)
    print(acknowledged / (time.monotonic() - begun))


if __name__ == "__main__":
    main()
