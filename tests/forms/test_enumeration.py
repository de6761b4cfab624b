"""Nobody learns from an answer, or from how long it takes, whether an address is known: new, pending, confirmed,
withdrawn or suppressed, it is answered with the same bytes after the same work."""

from __future__ import annotations

import os
import re
import statistics
import time
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import count as numbers
from typing import Any

import pytest
from sqlalchemy import delete, select

from leadcapture import clock, db
from leadcapture.chat import operations as chat
from leadcapture.chat import tokens
from leadcapture.chat.protocol import Incoming
from leadcapture.consent import operations as consent
from leadcapture.contacts.models import Contact
from leadcapture.mail import operations as mail
from leadcapture.mail.models import Email, MailCap
from tests.conftest import configured

from .conftest import ORIGIN

STATES = ("new", "pending", "confirmed", "withdrawn", "suppressed")
ROUNDS = 60
GAP = 0.005  # seconds between the medians of any two states; by the wall's clock in `make bench NAME=replays`
DIFFERENT = ["api", "resend", "spam", "spam_again", "member_link"]  # the rest goes these ways through the code
SPAM = "Cheap pills, casino!!! http://a.example http://b.example http://c.example click here, buy now, backlinks"


@pytest.fixture
def environ(tmp_path):
    """No ceiling in the way: it is the answers that are looked at."""
    lifted = {f"LEADCAPTURE_RATE_FORM{end}": "1000000/minute" for end in ("", "_PLAIN", "_NETWORK", "_SITE")}
    return configured(tmp_path / "instance") | lifted


@pytest.fixture
def address(visitor, make_form, confirm, people) -> Callable[[str], str]:
    """An address in that state; a new one is another each time. All are as long, for answers name them."""
    make_form("registration")
    for state in STATES[1:]:
        visitor.send("registration", email=known(state))
    for state in ("confirmed", "withdrawn", "suppressed"):
        assert confirm(known(state)).status_code == 200
    with db.read() as session:
        withdrawn = session.scalars(select(Contact).where(Contact.email == known("withdrawn"))).one()
    db.write(consent.withdraw, clock.now(), contact=withdrawn, method="one_click")
    gone = {"site_id": people.site.id, "email_key": known("suppressed")}
    db.write(mail.suppress, clock.now(), **gone, reason="complaint")
    fresh = numbers()
    return lambda state: known(f"{next(fresh):010d}" if state == "new" else state)


def known(state: str) -> str:
    return f"{state:x<10}@example.org"


class Fields(HTMLParser):
    """The hidden fields of the last form of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("type") == "hidden":
            self.values[str(given["name"])] = given.get("value") or ""


class Doors:
    """Every way to say an address: each takes one and returns the answer."""

    def __init__(self, visitor: Any, erin: dict[str, str]) -> None:
        self.visitor, self.client, self.erin = visitor, visitor.client, erin
        self.page = f"/f/{visitor.key}"
        self.sent: Any = None
        self.shown: Any = None

    def spam(self, address: str) -> Any:
        """Words that are held, unless a contact says them."""
        self.sent = self.visitor.ask(email=address, message=SPAM)
        return self.sent

    def spam_again(self, address: str) -> Any:
        return self.resend(address)

    def api(self, address: str) -> Any:
        self.sent = self.visitor.send(email=address)
        return self.sent

    def resend(self, _address: str) -> Any:
        return self.client.post(f"{self._submission}/resend", json=self._proof, headers=ORIGIN)

    def code(self, _address: str) -> Any:
        return self.client.post(f"{self._submission}/code", json={**self._proof, "code": "x"}, headers=ORIGIN)

    def code_on_a_foreign_id(self, _address: str) -> Any:
        """As who has seen the id somewhere, and holds nothing."""
        return self.client.post(f"{self._submission}/code", json={"code": "000000x"}, headers=ORIGIN)

    def hosted(self, address: str) -> Any:
        self.shown = self.client.post(f"{self.page}/subscription", data={"email": address, "consent": "newsletter"})
        return self.shown

    def hosted_resend(self, _address: str) -> Any:
        return self.client.post(f"{self.page}/subscription/resend", data=Fields(self.shown.text).values)

    def member_link(self, address: str) -> Any:
        return self.client.post(f"{self.page}/registration/member", data={"email": address})

    def transcript(self, address: str) -> Any:
        return self.visitor.send("transcript", self.erin, email=address)

    @property
    def _submission(self) -> str:
        return f"/v1/submissions/{self.sent.json['submission']}"

    @property
    def _proof(self) -> dict[str, str]:
        return {"poll_token": self.sent.json["poll_token"]}


@pytest.fixture
def doors(visitor, make_form, people) -> Doors:
    make_form("transcript")
    token = tokens.check(people.site, None)
    asked = {"visitor": token.visitor, "incoming": Incoming("v1", "Is it blue?"), "available": True}
    db.write(chat.post_by_visitor, clock.now(), site_id=people.site.id, **asked)
    return Doors(visitor, {**ORIGIN, "Authorization": f"Bearer {token.text}"})


WAYS = [name for name in vars(Doors) if not name.startswith("_")]


def masked(answer: Any, address: str) -> tuple[int, dict[str, str], str]:
    """The answer without what is random in it or was typed."""
    text = answer.text.replace(address, "ADDRESS")
    text = re.sub(r"sub_[a-z0-9]{10,}", "sub_", text)
    text = re.sub(r'("poll_token":|name="poll_token" value=)\s*"[^"]+"', "poll_token", text)
    heads = {
        name: value for name, value in answer.headers.items() if name not in ("Date", "Content-Length", "X-Request-ID")
    }
    return answer.status_code, heads, text


def test_every_answer_is_the_same_whatever_the_address_is_known_for(doors, address):
    told: dict[str, list[Any]] = {way: [] for way in WAYS}
    for state in STATES:
        said = address(state)
        for way in WAYS:
            told[way].append(masked(getattr(doors, way)(said), said))
    for way, answers in told.items():
        assert answers[0][0] in (200, 202, 422), way
        for state, answer in zip(STATES, answers, strict=True):
            assert answer == answers[0], f"{way} tells a {state} address from a new one"


def test_answers_take_as_long_whatever_the_address_is_known_for(doors, address):
    on_the_wall = "REPLAYS" in os.environ
    ways, watch = (WAYS, time.perf_counter) if on_the_wall else (DIFFERENT, time.process_time)
    rounds: list[dict[str, dict[str, float]]] = []
    gaps = {"": GAP}
    # What differs by chance does so less and less; what does not, never stops.
    while len(rounds) < ROUNDS and (on_the_wall or max(gaps.values()) >= GAP):
        rounds += [measured(doors, address, ways, turn, watch) for turn in range(12)]
        gaps = {way: gap([times[way] for times in rounds]) for way in ways}
    for way in ways:
        medians = {state: statistics.median(times[way][state] for times in rounds) for state in STATES}
        print(way, {state: f"{1000 * median:.2f} ms" for state, median in medians.items()})
    assert max(gaps.values()) < GAP, gaps


def gap(rounds: list[dict[str, float]]) -> float:
    """Between the slowest and the quickest state, each as it is against a new address in the same round."""
    against_new = [statistics.median(times[state] - times["new"] for times in rounds) for state in STATES]
    return max(against_new) - min(against_new)


def measured(
    doors: Doors, address: Callable[[str], str], ways: list[str], turn: int, watch: Callable[[], float]
) -> dict[str, dict[str, float]]:
    """How long each of the ways took for an address in each state, in seconds by that watch: the work that was done, so
    that it does not matter what else the machine does. Every turn begins with another state."""
    took: dict[str, dict[str, float]] = {way: {} for way in ways}
    db.write(lambda session: session.execute(delete(MailCap)))
    for state in (*STATES[turn % 5 :], *STATES[: turn % 5]):
        said = address(state)
        for way in ways:
            began = watch()
            getattr(doors, way)(said)
            took[way][state] = watch() - began
    return took


def test_the_mail_alone_says_that_the_address_is_confirmed_and_where_to_change_settings(doors, address, client, mailed):
    texts = {}
    for state in ("new", "pending", "confirmed", "withdrawn"):
        said = address(state)
        doors.api(said)
        texts[state] = mailed(said).text
    assert "confirmed with Demo shop already" in texts.pop("confirmed")
    for text in texts.values():
        assert "already" not in text
        assert "/preferences/" not in text
    with db.read() as session:
        email = session.scalars(
            select(Email).where(Email.to_email == known("confirmed")).order_by(Email.id.desc()).limit(1)
        ).one()
    settings = re.search(r"^http://\S+(/preferences/\S+)$", email.text, re.MULTILINE)
    assert settings
    assert "/preferences/" in email.html
    assert client.get(settings[1]).status_code == 200
    assert client.post(mailed(known("confirmed")).link).status_code == 200, "what was asked for can be gone on with"
    doors.api(known("suppressed"))
    with db.read() as session:
        newest = session.scalars(select(Email.status).order_by(Email.id.desc()).limit(1)).one()
    assert newest == "suppressed"
