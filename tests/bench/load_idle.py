"""Idle visitors: so many WebSockets that say nothing, opened, held, and coming back together when the service restarts.

    python -m tests.bench.load_idle URL SITE_KEY NUMBER

Speaks over standard input and output, a line each: prints `{"opened", "seconds"}` once all are open; on the line
`herd` waits until every line has broken and each has come back as the panel does (a pause at random, longer after each
failure), and prints `{"back", "seconds", "tries"}`; ends with standard input. Only loopback addresses are taken.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time

from tests.bench.frames import COMPRESSION, Wire, connect

AT_ONCE = 100  # handshakes under way while all are opened
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # as in widget/src/chat/backoff.ts


class Visitor:
    """One tab. It is welcomed, and then silent."""

    def __init__(self, url: str, site: str, number: int) -> None:
        self.url, self.site, self.number = url, site, number
        self.wire: Wire | None = None
        self.tries = 0

    async def come(self) -> None:
        welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def hear(frame: bytes) -> None:
            if frame.startswith(b'42/visitor,["welcome"') and not welcomed.done():
                welcomed.set_result(None)

        self.wire = await connect(self.url, "/visitor", {"site": self.site}, hear, headers=COMPRESSION | BROWSER)
        await asyncio.wait_for(welcomed, 30)

    async def come_back(self) -> None:
        while self.wire is not None and self.wire.open:
            await asyncio.sleep(0.05)
        pause = FIRST_PAUSE
        while True:
            # What spreads a herd: everybody waits another while, the longer the more often it failed.
            await asyncio.sleep(min(LONGEST_PAUSE, random.uniform(0, 2 * pause)))
            self.tries += 1
            try:
                await self.come()
            except (OSError, TimeoutError):
                pause = min(LONGEST_PAUSE, 2 * pause)
            else:
                return


BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0",
    "Accept-Language": "en-GB,en;q=0.9",
    "Accept-Encoding": "gzip, deflate, br",
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
}


async def main(url: str, site: str, number: int) -> None:
    visitors = [Visitor(url, site, one) for one in range(number)]
    gate = asyncio.Semaphore(AT_ONCE)

    async def open_one(visitor: Visitor) -> None:
        async with gate:
            await visitor.come()

    begun = time.perf_counter()
    await asyncio.gather(*map(open_one, visitors))
    say(opened=number, seconds=time.perf_counter() - begun)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "herd":
            begun = time.perf_counter()
            await asyncio.gather(*(visitor.come_back() for visitor in visitors))
            tries = sum(visitor.tries for visitor in visitors)
            say(back=number, seconds=time.perf_counter() - begun, tries=tries)
        else:
            say(held=sum(visitor.wire is not None and visitor.wire.open for visitor in visitors))


def say(**what: float) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
