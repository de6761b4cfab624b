"""Mail servers as they are at their worst: nothing is lost, nobody is mailed twice, and what is unknown is said to be.

The server is a real process; the clock is moved by handing another moment to the job that delivers. With workers that
are processes too, and for minutes: `make bench NAME=smtp`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from leadcapture import db
from leadcapture.mail import delivery, transports
from tests.conftest import add_people
from tests.faults.mailing import check, queue, statuses, waiting
from tests.faults.moody import Moody

MAILS = 30


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Moody]:
    with Moody(tmp_path) as server:
        transports.configure(smtp_url=server.url, public_url="https://chat.example.org")
        yield server
    transports.configure(smtp_url=None, public_url="http://127.0.0.1:8000")


@pytest.fixture
def everybody(either_database: db.Database, now: datetime) -> SimpleNamespace:
    return db.write(add_people, now)


def people_to_mail(word: str) -> list[str]:
    return [f"{word}{number}@example.org" for number in range(MAILS)]


def deliver(moment: datetime, seconds: int, step: int) -> datetime:
    """Let so much time pass, the job running now and then; the moment after."""
    for _ in range(0, seconds, step):
        delivery.deliver_due(moment)
        moment += timedelta(seconds=step)
    return moment


def test_whatever_a_server_does_nothing_is_lost_and_nobody_is_mailed_twice(
    everybody: SimpleNamespace, server: Moody, now: datetime
) -> None:
    moment = now
    for mood in ("greylisting", "slow", "careless", "drops early", "drops late", "moody"):
        server.be(mood)
        word = mood.replace(" ", "-")
        db.write(queue, moment, everybody.site, [*people_to_mail(word), f"gone-{word}@example.org"])
        moment = deliver(moment, 60, 12)
        check(server.taken())
    server.be("fine")
    # Whoever was asked to come back later waits for that; nobody waits for ever.
    for _ in range(30):
        if not waiting():
            break
        moment = deliver(moment, 360, 90)
    check(server.taken())
    found = statuses()
    assert set(found.values()) == {"sent", "ambiguous", "bounced"}
    assert [address for address, status in found.items() if status == "bounced"] == [
        address for address in found if address.startswith("gone")
    ]
    in_doubt = [address for address, status in found.items() if status == "ambiguous"]
    assert 0 < len(in_doubt) < len(found) / 4
    assert not [address for address in in_doubt if address.startswith("slow")]


@pytest.mark.parametrize("how", ["gone", "busy", "full", "hangs up"])
def test_after_an_hour_away_everything_is_sent_within_two_minutes(
    people: SimpleNamespace, server: Moody, now: datetime, how: str
) -> None:
    db.write(queue, now, people.site, people_to_mail("before"))
    if how == "gone":
        server.kill()
    else:
        server.be(how)
    moment = deliver(now, 3600, 150)
    db.write(queue, moment, people.site, people_to_mail("meanwhile"))
    moment = deliver(moment, 40, 10)
    assert not server.taken()
    assert set(statuses().values()) == {"deferred"}
    if how == "gone":
        server.start()
    server.be("fine")
    deliver(moment, 119, 7)
    assert set(statuses().values()) == {"sent"}
    check(server.taken())
