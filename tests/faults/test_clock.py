"""The clock of a machine is put forward and back by hours while everything runs."""

from __future__ import annotations

import http.cookiejar
import re
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from leadcapture import clock, db, ratelimit
from leadcapture.errors import RateLimited
from leadcapture.mail import clocks, rules
from leadcapture.mail.models import Email
from leadcapture.operators import presence
from tests.faults.clocked import Clocked
from tests.mail.post_office import PostOffice
from tests.servers import wait_for

HOUR = timedelta(hours=1)


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with PostOffice() as office:
        yield office


@pytest.fixture
def service(tmp_path: Path, office: PostOffice) -> Iterator[Clocked]:
    with Clocked(tmp_path / "service", SMTP_URL=office.url) as service:
        service.seed_demo()
        service.start()
        yield service


class Browser:
    """A browser with cookies of its own."""

    def __init__(self, service: Clocked) -> None:
        self._service = service
        jar = urllib.request.HTTPCookieProcessor(_Timeless())
        self._opener = urllib.request.build_opener(jar)

    def open(self, path: str, **fields: str) -> tuple[str, str]:
        """Where it ends up, and what it sees there."""
        data = urllib.parse.urlencode(fields).encode() if fields else None
        wish = urllib.request.Request(self._service.url + path, data, {"Origin": self._service.url})
        with self._opener.open(wish, timeout=20) as answer:
            return answer.url.removeprefix(self._service.url), answer.read().decode()

    def sign_in(self) -> None:
        owner = self._service.operator()
        _where, page = self.open("/console/sign-in")
        hidden = dict(re.findall(r'name="(csrf_token|next)"[^>]*value="([^"]*)"', page))
        where, _page = self.open("/console/sign-in", email=owner["email"], password=owner["password"], **hidden)
        assert where != "/console/sign-in"


class _Timeless(http.cookiejar.CookieJar):
    """Keeps cookies whatever its own clock says: the browser's is right, the server's is not."""

    def clear_expired_cookies(self) -> None:
        """None expires."""


def subscribe(service: Clocked, email: str) -> None:
    form = f"/v1/{service.demo['site_key']}/forms/{service.demo['forms']['subscription']}"
    Browser(service).open(form, email=email, consent="newsletter")


def test_everything_goes_on_and_nothing_goes_twice(service: Clocked, office: PostOffice) -> None:
    def arrives(who: str, number: int = 1) -> EmailMessage:
        return wait_for(lambda: [mail for mail in office.taken if mail["To"] == who][number - 1 :], who, 25)[0]

    alice = Browser(service)
    alice.sign_in()
    subscribe(service, "early@example.org")
    confirm = re.search(r"/confirm/\S+", arrives("early@example.org").get_body(("plain",)).get_content())
    assert confirm

    service.jump(+5)
    subscribe(service, "ahead@example.org")
    arrives("ahead@example.org")
    assert alice.open("/console/outbox")[0] == "/console/outbox", "she is still signed in"
    Browser(service).open(confirm[0], confirm="yes")
    arrives("early@example.org", 2)  # the welcome
    office.__exit__()  # the mail server goes away, and a mail waits for a moment five hours ahead
    subscribe(service, "waits@example.org")
    alice.open("/console/outbox")  # her cookie is of that time now
    wait_for(lambda: "mail waits" in service.log.read_text(), "the mail to wait")

    service.jump(-3)
    with office:
        subscribe(service, "back@example.org")
        arrives("back@example.org")
        arrives("waits@example.org")
        assert alice.open("/console/outbox")[0] == "/console/outbox", "a cookie of a time to come is hers all the same"
    counts = Counter(str(mail["To"]) for mail in office.taken)
    assert {counts[f"{who}@example.org"] for who in ("ahead", "waits", "back")} == {1}
    assert "Traceback" not in service.log.read_text()
    office.__enter__()


# ---- part by part ----------------------------------------------------------------------------------------------------


@pytest.fixture
def mails(either_database: db.Database, people: SimpleNamespace, now: datetime) -> Any:
    """Writes a mail into the outbox; returns a function that reads when it is due."""

    def write(**values: Any) -> int:
        row = {
            "site_id": people.site.id,
            "name": "confirmation",
            "language": "en",
            "to_email": "erin@example.org",
            "to_key": "erin@example.org",
            "from_email": "hello@shop.example.org",
            "subject": "Hello",
            "text": "Hello",
            "html": "<p>Hello</p>",
            "message_id": "<x@example.org>",
            "created_at": now,
            "due_at": now,
            **values,
        }

        def add(session: Any) -> int:
            mail = Email(public_id=f"eml_{len(row['to_key'])}{time.monotonic_ns()}", **row)
            session.add(mail)
            session.flush()
            return mail.id

        return db.write(add)

    return write


def due(mail: int) -> datetime:
    with db.read() as session:
        return session.scalars(select(Email.due_at).where(Email.id == mail)).one()


@pytest.fixture
def people(either_database: db.Database, now: datetime) -> SimpleNamespace:
    from tests.conftest import add_people

    return db.write(add_people, now)


def test_what_a_clock_that_was_ahead_put_off_waits_no_longer_than_it_was_meant_to(mails: Any, now: datetime) -> None:
    ahead = now + 5 * HOUR
    at_once = mails(created_at=ahead, due_at=ahead)
    in_an_hour = mails(created_at=ahead, due_at=ahead + HOUR)
    tried = mails(status="deferred", claimed_at=ahead, due_at=ahead + HOUR)
    put_off = mails(status="deferred", due_at=ahead + timedelta(seconds=10))
    planned = mails(due_at=now + 30 * HOUR)
    pausing = mails(status="deferred", purpose="newsletter", contact="con_x", due_at=now + 300 * HOUR)
    greylisted = mails(status="deferred", claimed_at=now, due_at=now + HOUR / 2)
    db.write(clocks.put_right, now)
    assert (due(at_once), due(in_an_hour), due(tried)) == (now, now + HOUR, now)
    assert (due(planned), due(pausing)) == (now + 30 * HOUR, now + 300 * HOUR)
    assert due(greylisted) == now + HOUR / 2
    db.write(clocks.put_right, now, back=5 * HOUR)
    assert due(put_off) == now


def test_the_clock_is_seen_going_back_and_not_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, real = clock.Steps(), clock.now
    assert steps.back() == timedelta()
    monkeypatch.setattr(clock, "now", lambda: real() + 5 * HOUR)
    assert steps.back() == timedelta()
    monkeypatch.setattr(clock, "now", lambda: real() - 3 * HOUR)
    assert abs(steps.back() - 8 * HOUR) < timedelta(seconds=5)
    assert steps.back() < timedelta(seconds=1)


def test_a_claim_of_a_time_to_come_holds_no_more_than_one_that_is_over(now: datetime) -> None:
    for claimed_at, holds in ((now, True), (now - HOUR, False), (now + HOUR, False)):
        assert rules.abandoned(claimed_at=claimed_at, worker_alive=None, now=now) is not holds


def test_an_operator_who_lives_stays_and_one_who_was_killed_goes(
    people: SimpleNamespace, now: datetime, either_database: db.Database
) -> None:
    def there(at: datetime) -> bool:
        with db.read() as session:
            return presence.anyone_available(session, at, people.site.id, 30)

    db.write(presence.connected, now, people.alice.id, "here")
    db.write(presence.heard, now + 5 * HOUR, ["here"])  # the clock jumps: nobody was heard for five hours
    assert there(now + 5 * HOUR)
    assert not there(now), "and back: nobody can have been heard then"
    db.write(presence.heard, now, ["here"])
    assert there(now)
    db.write(presence.disconnected, now + 5 * HOUR, "here")
    assert not there(now), "who is gone is not there for five more hours"


def test_ceilings_count_seconds_not_the_hands_of_the_clock(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ratelimit.configure(settings)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 5 * 3600)
    for _again in range(30):
        ratelimit.hit("RATE_FORM_PLAIN", "192.0.2.1")
    monkeypatch.setattr(time, "time", lambda: real() - 3 * 3600)
    with pytest.raises(RateLimited) as refused:
        ratelimit.hit("RATE_FORM_PLAIN", "192.0.2.1")
    assert refused.value.retry_after <= 60
