"""kill -9 of what serves and of what delivers, again and again, while people write, send forms, confirm and leave: the
work of tests/faults/test_kills.py and of `make bench NAME=kills`.

Web and jobs are two processes of their own (a web server with its worker, and `leadcapture jobs`), each in a process
group of its own. It kills, at moments nobody chose: the worker that serves (its server starts another), the whole web,
the jobs, both. The people keep a ledger of what they were told is done; whoever gets no answer sends the same again, as
browsers do. In the end what they were told is held against the database and against what the mail server took.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from tests.faults.judging import Outcome, judged
from tests.faults.people import BACK_WITHIN, Acknowledged, Chatter, Person, Reader, Shop, Talk
from tests.servers import wait_for

TARGETS = ("worker", "worker", "web", "jobs", "both")
AT_THE_START = 0.15  # of the kills come while what was killed before is still starting


class Killer:
    """Kills, and sees to it that what was killed comes back."""

    def __init__(self, shop: Shop, chance: random.Random) -> None:
        self.shop, self.chance = shop, chance
        self.kills: Counter[str] = Counter()

    def kill(self) -> None:
        target = self.chance.choice(TARGETS)
        self.kills[target] += 1
        getattr(self, f"_{target}")()

    def _worker(self) -> None:
        gone = self.shop.worker()
        with suppress(ProcessLookupError):
            os.kill(gone, signal.SIGKILL)
        wait_for(lambda: self.shop.worker() != gone, "another worker", BACK_WITHIN)
        self._answers()

    def _web(self) -> None:
        self.shop.kill()
        self._start_web()

    def _jobs(self) -> None:
        self.shop.kill_jobs()
        self._start_jobs()

    def _both(self) -> None:
        self.shop.kill()
        self.shop.kill_jobs()
        self._start_jobs()
        self._start_web()

    def _start_web(self) -> None:
        if self.chance.random() < AT_THE_START:
            self.kills["web, at its start"] += 1
            self.shop.process = self.shop.begin(*self.shop.command)
            time.sleep(self.chance.uniform(0.0, 1.0))
            self.shop.kill()
        self.shop.start()

    def _start_jobs(self) -> None:
        if self.chance.random() < AT_THE_START:
            self.kills["jobs, at their start"] += 1
            self.shop.start_jobs()
            time.sleep(self.chance.uniform(0.0, 1.0))
            self.shop.kill_jobs()
        self.shop.start_jobs()

    def _answers(self) -> None:
        def answers() -> bool:
            try:
                with socket.create_connection(("127.0.0.1", self.shop.port), timeout=2) as line:
                    line.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                    return line.recv(12).endswith(b"200")
            except OSError:
                return False

        wait_for(answers, "the new worker to answer", BACK_WITHIN)


def soak(
    shop: Shop, kills: int, seed: int, *, seconds: float = float("inf"), say: Callable[[str], None] = print
) -> Outcome:
    """Kill so many times, or for so long, on a shop that is populated; then everything starts for good, what is due is
    done, and it is looked at."""
    told, chance = Acknowledged(), random.Random(seed)
    killer = Killer(shop, chance)
    shop.start_jobs()
    shop.start()
    people: list[Person] = [kind(shop, told, number) for number, kind in enumerate((Chatter, Chatter, Reader, Reader))]
    talk = Talk(shop, told)
    talk.start()
    for person in people:
        person.start()
    ends = time.monotonic() + seconds
    while killer.kills.total() < kills and time.monotonic() < ends:
        # Only what works can be interrupted: something must have been done since the last time.
        before = told.total()
        wait_for(partial(_more_than, told, before), f"anything to be done; the log:\n{tail(shop)}", BACK_WITHIN)
        time.sleep(chance.uniform(0.0, 0.5))
        killer.kill()
        if killer.kills.total() % 50 == 0:
            say(f"{killer.kills.total()} kills, {told.total()} things done, {told.repeated} sent again")
    for person in people:
        person.enough.set()
        person.join(BACK_WITHIN)
    wait_for(lambda: not _unsettled(shop), "every mail to be sent or told of", 2 * BACK_WITHIN)
    numbers = talk.finish()
    for person in people:
        if person.broken or person.is_alive():
            raise AssertionError(f"somebody got no answer: {person.broken}")
    shop.kill()
    shop.kill_jobs()
    return judged(shop, killer.kills, told, numbers)


def _more_than(told: Acknowledged, before: int) -> bool:
    return told.total() > before


def tail(shop: Shop) -> str:
    return shop.log.read_text(encoding="utf-8", errors="replace")[-3000:]


def _unsettled(shop: Shop) -> list[Any]:
    return shop.rows("SELECT status FROM emails WHERE status IN ('queued', 'deferred', 'sending')")
