"""Those who mean no good, as a program: `python -m tests.faults.hostile PORT SITE_KEY SILENT SECONDS PATIENCE`.

SILENT connections dawdle in four ways (nothing at all, half a head, a WebSocket that never speaks, a body that drips);
meanwhile, for SECONDS, one visitor sends 10,000 messages a second, another 10,000 packets that mean nothing, and others
come again and again with frames of a megabyte. Prints as JSON what became of them, once all who dawdle were let go of
or PATIENCE seconds are over. Loopback only.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import sys
import time
from collections import Counter

FLOOD = 10_000  # packets a second
MEGABYTE = b"x" * 1_000_000


async def main(port: int, site: str, silent: int, seconds: float, patience: float) -> None:
    told: Counter[str] = Counter()
    dawdlers = [
        asyncio.create_task(dawdle(port, kind))
        for kind in ("nothing", "half a head", "silent socket", "dripping body")
        for _ in range(silent // 4)
    ]
    until = time.monotonic() + seconds
    await asyncio.gather(
        flood(port, site, until, told, "message"),
        flood(port, site, until, told, "nonsense"),
        *(huge(port, until, told) for _ in range(3)),
    )
    print("flooded", flush=True)
    done, _left = await asyncio.wait(dawdlers, timeout=patience)
    told["let go"] = sum(task.exception() is None for task in done)
    for task in dawdlers:
        task.cancel()
    print(json.dumps(told), flush=True)


async def dawdle(port: int, kind: str) -> None:
    """Comes back once the service has ended the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    drip = False
    if kind == "half a head":
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        drip = True
    elif kind == "silent socket":
        writer.write(_handshake())
    elif kind == "dripping body":
        writer.write(b"POST /console/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n")
        writer.write(b"Content-Type: application/x-www-form-urlencoded\r\n\r\nemail=")
        drip = True
    with contextlib.suppress(ConnectionError):
        if drip:
            while not reader.at_eof():
                writer.write(b"a")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(1000), 0.2)
        else:
            while await reader.read(1000):
                """Whatever it says, nothing is answered."""
    writer.close()


async def flood(port: int, site: str, until: float, told: Counter[str], what: str) -> None:
    reader, writer = await _websocket(port)
    writer.write(_frame(f"40/visitor,{json.dumps({'site': site})}".encode()))
    listening = asyncio.create_task(_listen(reader, told, what))
    sent = 0
    began = time.monotonic()
    with contextlib.suppress(ConnectionError, TimeoutError):
        while time.monotonic() < until:
            for _ in range(100):
                payload = {"client_id": f"flood-{sent}", "body": "Buy now"} if what == "message" else {}
                event = json.dumps([what, payload])
                writer.write(_frame(f"42/visitor,{sent}{event}".encode()))
                sent += 1
            # Where the service takes no more, the line is full and this waits.
            await asyncio.wait_for(writer.drain(), max(0.1, until - time.monotonic()))
            await asyncio.sleep(max(0.0, began + sent / FLOOD - time.monotonic()))
    told[f"{what} sent"] += sent
    listening.cancel()
    writer.close()


async def _listen(reader: asyncio.StreamReader, told: Counter[str], what: str) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            told[f"{what} acknowledged"] += data.count(b'"ok":true')
            told[f"{what} refused"] += data.count(b'"rate_limited"')


async def huge(port: int, until: float, told: Counter[str]) -> None:
    while time.monotonic() < until:
        with contextlib.suppress(ConnectionError):
            reader, writer = await _websocket(port)
            writer.write(_frame(MEGABYTE))
            while await reader.read(65536):
                """Until it is thrown out."""
            told["megabytes thrown out"] += 1
            writer.close()
        await asyncio.sleep(0.05)


async def _websocket(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_handshake())
    with contextlib.suppress(asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def _handshake() -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def _frame(body: bytes) -> bytes:
    length = len(body)
    if length < 126:
        size = bytes((0x80 | length,))
    elif length < 65_536:
        size = b"\xfe" + length.to_bytes(2, "big")
    else:
        size = b"\xff" + length.to_bytes(8, "big")
    return b"\x81" + size + b"\0\0\0\0" + body


if __name__ == "__main__":
    port, site, silent, seconds, patience = sys.argv[1:]
    asyncio.run(main(int(port), site, int(silent), float(seconds), float(patience)))
