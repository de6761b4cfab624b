"""A mail server that takes everything at once and keeps nothing: what a sender costs is measured against it.

`python -m tests.bench.sink PORT` listens on loopback; ended by SIGTERM it prints how many mails it took and how many
bytes of mail.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys

END = b"\r\n.\r\n"
OFFERS = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
ANSWERS = {b"EHLO": OFFERS, b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class Sink(asyncio.Protocol):
    """One connection."""

    mails = 0
    size = 0

    def __init__(self) -> None:
        self._pending = b""
        self._in_mail = False
        self._way: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._way = transport
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._pending += data
        answers = b""
        while True:
            mark = END if self._in_mail else b"\r\n"
            said, found, rest = self._pending.partition(mark)
            if not found:
                break
            self._pending = rest
            if self._in_mail:
                Sink.mails += 1
                Sink.size += len(said) + 2
                self._in_mail = False
                answers += b"250 taken\r\n"
            else:
                word = said[:4].upper()
                self._in_mail = word == b"DATA"
                answers += ANSWERS.get(word, b"250 OK\r\n")
        if answers:
            self._way.write(answers)


async def main(port: int) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await loop.create_server(Sink, "127.0.0.1", port)
    await ended.wait()
    print(json.dumps({"mails": Sink.mails, "bytes": Sink.size}), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1])))
