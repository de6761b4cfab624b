"""The load of the relay: pairs of a visitor and an operator over bare WebSockets that speak just enough Socket.IO, so
that the client costs much less than any server it measures.

    python -m tests.bench.load_relay VISITORS_URL OPERATORS_URL SECONDS RATE < plan.json

The plan is `{"site": key, "cookies": [one for each pair]}`. RATE 0 is a closed loop: the next message of a pair leaves
when the last one was acknowledged to the visitor and has reached the operator; else so many messages a second leave
whatever happens. Prints one line of JSON: `{"rate", "ack_p50", "ack_p99", "told_p50", "told_p99", "lost"}`, times in
milliseconds. Only loopback addresses are taken.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from typing import Any

from tests.bench.frames import Wire, connect

BODY = "Hello, I would like to know more about your product, please."
WARM_UP = 1.0  # seconds
MARK = b'"client_id":"'


class Pair:
    """A visitor who writes and the operator who has taken the conversation."""

    def __init__(self, load: Load, number: int) -> None:
        self.load, self.number = load, number
        self.visitor: Wire | None = None
        self.operator: Wire | None = None
        self.last = 0
        self.conversation = ""
        self.waiting: dict[int, list[float]] = {}  # by number: when it left, and how many answers are missing
        self.ready = asyncio.get_running_loop().create_future()

    def say(self) -> None:
        assert self.visitor is not None
        self.last += 1
        payload = f'["message",{{"client_id":"c-{self.last}-","body":"{BODY}"}}]'
        self.waiting[self.last] = [time.perf_counter(), 2]
        self.visitor.send(f"42/visitor,{self.last}{payload}")

    def visitor_hears(self, frame: bytes) -> None:
        if frame.startswith(b"43/visitor,"):
            number, _, said = frame[11:].partition(b"[")
            assert b'"ok":true' in said.replace(b" ", b""), said
            if not self.conversation:
                self.conversation = json.loads(b"[" + said)[0]["conversation"]
                self.operator_takes()
            self._part(int(number), self.load.acks)

    def operator_takes(self) -> None:
        assert self.operator is not None
        take = json.dumps(["take", {"conversation": self.conversation}])
        self.operator.send(f"42/operator,1{take}")

    def operator_hears(self, frame: bytes) -> None:
        if frame.startswith(b'42/operator,["message"'):
            if self.conversation and self.conversation.encode() in frame:
                said = frame.replace(b'": "', b'":"')
                at = said.index(MARK) + len(MARK) + 2
                self._part(int(said[at : said.index(b"-", at)]), self.load.told)
        elif frame.startswith(b"43/operator,1["):
            assert b'"ok":true' in frame.replace(b" ", b""), frame
            if not self.ready.done():
                self.ready.set_result(None)

    def _part(self, number: int, times: list[float]) -> None:
        sent = self.waiting.get(number)
        if sent is None:
            return
        times.append(time.perf_counter() - sent[0])
        sent[1] -= 1
        if not sent[1]:
            del self.waiting[number]
            self.load.done += 1
            if self.load.closed:
                self.say()


class Load:
    """All pairs and what was measured of them."""

    def __init__(self) -> None:
        self.acks: list[float] = []
        self.told: list[float] = []
        self.done = 0
        self.closed = False

    async def open(self, visitors: str, operators: str, plan: dict[str, Any]) -> list[Pair]:
        """Connect everybody and have every conversation taken."""
        pairs = []
        for number, cookie in enumerate(plan["cookies"]):
            pair = Pair(self, number)
            pair.operator = await connect(
                operators, "/operator", {}, pair.operator_hears, headers={"Cookie": cookie} if cookie else {}
            )
            pair.visitor = await connect(visitors, "/visitor", {"site": plan["site"]}, pair.visitor_hears)
            pairs.append(pair)
        await asyncio.sleep(0.5)
        for pair in pairs:
            pair.say()
            await asyncio.wait_for(pair.ready, 30)
        for pair in pairs:
            pair.waiting.clear()
        await asyncio.sleep(1.0)  # who can answer and what changed is told meanwhile
        return pairs


async def measure(visitors: str, operators: str, seconds: float, rate: float) -> dict[str, float]:
    load = Load()
    pairs = await load.open(visitors, operators, json.load(sys.stdin))
    gc.disable()  # the client's own pauses are not the server's
    if rate == 0:
        load.closed = True
        for pair in pairs:
            pair.say()
        await asyncio.sleep(WARM_UP)
        begun, before = time.perf_counter(), load.done
        load.acks.clear()
        load.told.clear()
        await asyncio.sleep(seconds)
        done, passed = load.done - before, time.perf_counter() - begun
        load.closed = False
    else:
        begun, number, total = time.perf_counter(), 0, int(rate * (seconds + WARM_UP))
        while number < total:
            now = time.perf_counter() - begun
            while number < min(total, int(now * rate)):
                if number == int(rate * WARM_UP):
                    load.acks.clear()
                    load.told.clear()
                pairs[number % len(pairs)].say()
                number += 1
            await asyncio.sleep(0.0005)
        done, passed = load.done, time.perf_counter() - begun
    deadline = time.perf_counter() + 5
    while any(pair.waiting for pair in pairs) and time.perf_counter() < deadline:
        await asyncio.sleep(0.02)
    return {
        "rate": done / passed,
        "ack_p50": part(load.acks, 0.50),
        "ack_p99": part(load.acks, 0.99),
        "told_p50": part(load.told, 0.50),
        "told_p99": part(load.told, 0.99),
        "lost": sum(len(pair.waiting) for pair in pairs),
    }


def part(times: list[float], which: float) -> float:
    """That quantile of the times, in milliseconds."""
    in_order = sorted(times)
    return 1000 * in_order[min(len(in_order) - 1, int(which * len(in_order)))]


if __name__ == "__main__":
    where, there, seconds, rate = sys.argv[1:]
    print(json.dumps(asyncio.run(measure(where, there, float(seconds), float(rate)))))
