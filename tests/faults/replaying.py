"""Whatever can be done to an address with its forms, its mails and their links, thousands of times: the work of
tests/faults/test_replays.py and of `make bench NAME=replays`, in this process and against a clock of its own."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from html import unescape
from html.parser import HTMLParser
from typing import Any
from unittest import mock

from flask.testing import FlaskClient
from sqlalchemy import select, update

from leadcapture import addresses, clock, db
from leadcapture.consent import rules as consent
from leadcapture.consent.models import LedgerEvent
from leadcapture.contacts.models import Contact
from leadcapture.demo import rules as demo
from leadcapture.forms import kinds
from leadcapture.forms.models import Submission
from leadcapture.mail.models import Email
from leadcapture.optin.models import Confirmation
from leadcapture.sites.models import Site

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# Ceilings of addresses and networks out of the way: what holds shall be what is looked at.
LIFTED = {
    f"LEADCAPTURE_{name}": "100000000/minute"
    for name in ("RATE_FORM", "RATE_FORM_PLAIN", "RATE_FORM_NETWORK", "RATE_FORM_SITE", "RATE_CONNECT", "RATE_MESSAGE")
} | {"LEADCAPTURE_CHECK_MX": "no", "LEADCAPTURE_LOG_LEVEL": "ERROR"}
MOZILLA = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"


@dataclass
class Shop:
    """The demo shop in this process, at a time that goes on only when it is told to."""

    client: FlaskClient
    now: datetime
    key: str = demo.SITE_KEY
    answers: Counter[int] = field(default_factory=Counter)

    @contextmanager
    def open(self) -> Iterator[Shop]:
        """While it is open, everything goes by its time. Nothing is held as spam, for held things mail nobody."""
        db.write(lambda session: session.execute(update(Site).values(protection={"hold_spam": False})) and None)
        with mock.patch.object(clock, "now", side_effect=lambda: self.now):
            yield self

    def request(self, method: str, path: str, *, agent: str = MOZILLA, ip: str = "192.0.2.7", **more: Any) -> Any:
        """One request; its status is counted."""
        headers = {"User-Agent": agent, **more.pop("headers", {})}
        answer = self.client.open(path, method=method, headers=headers, environ_base={"REMOTE_ADDR": ip}, **more)
        self.answers[answer.status_code] += 1
        return answer

    def hand_over(self) -> None:
        """The mail server takes what is due."""
        due = (Email.status == "queued", Email.due_at <= self.now)
        db.write(
            lambda session: session.execute(update(Email).where(*due).values(status="sent", sent_at=self.now)) and None
        )

    def mails(self, mailbox: str, since: datetime) -> list[Email]:
        """What was mailed to that mailbox since then, or will be, oldest first."""
        with db.read() as session:
            found = session.scalars(select(Email).where(Email.created_at >= since).order_by(Email.due_at)).all()
        return [email for email in found if addresses.mailbox(email.to_email) == mailbox]


# ---- looking, and pressing as scanners do ---------------------------------------------------------------------------

# How people's programs and those that look through mail open a link. None of it may change anything.
LOOKS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", MOZILLA, {}),
    ("HEAD", MOZILLA, {}),
    ("OPTIONS", MOZILLA, {}),
    ("GET", MOZILLA, {"Purpose": "prefetch", "Sec-Purpose": "prefetch"}),
    ("GET", MOZILLA, {"Sec-Purpose": "prefetch;prerender", "Sec-Fetch-Dest": "document"}),
    ("GET", MOZILLA, {"X-Moz": "prefetch"}),
    ("GET", "BarracudaCentral/1.0", {}),
    ("HEAD", "Mozilla/5.0 (compatible; Mimecast URL Protect)", {}),
    ("GET", "python-requests/2.32.3", {"Accept": "application/json"}),
    ("GET", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", {"Range": "bytes=0-32768"}),
)
# Programs that open what a mail leads to and press every button they find there: by name, and whether at once.
PRESSING: tuple[tuple[str, bool], ...] = (
    ("BarracudaCentral/1.0", True),
    ("BarracudaCentral/1.0", False),
    ("Mozilla/5.0 (compatible; Mimecast URL Protect)", False),
    ("Mozilla/5.0 (Windows NT 10.0) Proofpoint-URLDefense", True),
    (MOZILLA.replace("Chrome", "HeadlessChrome"), True),
    ("python-requests/2.32.3", False),
    ("", False),
    (MOZILLA, True),
)


class Forms(HTMLParser):
    """What a program that presses everything would send: (address, fields) of each form of a page that is posted."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str]]]] = []
        self._open = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._open = (given.get("method") or "").lower() == "post"
            if self._open:
                self.found.append((given.get("action") or "", []))
        elif self._open and given.get("name") and tag in ("input", "button"):
            self.found[-1][1].append((str(given["name"]), given.get("value") or ""))

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "form"


def links_of(email: Email) -> list[str]:
    """The paths of all our links in the mail, each once."""
    ours = r"https?://[^/\s\"<>]+(/(?:confirm|mail|unsubscribe|preferences)/[^\s\"<>]+)"
    return list(dict.fromkeys(map(unescape, re.findall(ours, email.html + email.text))))


@dataclass(frozen=True)
class Untouched:
    """What nobody's program may change: who is a contact and how, and what the ledger says of consents."""

    contacts: list[tuple[str, str]]
    spoken: list[tuple[int, str]]

    @classmethod
    def now(cls) -> Untouched:
        said = select(LedgerEvent.seq, LedgerEvent.event).where(LedgerEvent.event.in_(consent.SPOKEN))
        with db.read() as session:
            contacts = session.execute(select(Contact.public_id, Contact.status).order_by(Contact.id)).all()
            return cls([tuple(row) for row in contacts], [tuple(row) for row in session.execute(said)])


@dataclass
class Replayed:
    """What came of it: requests by what they were, and how much of it changed anything."""

    requests: Counter[str]
    before: Untouched
    after: Untouched

    @property
    def changed(self) -> int:
        """How many contacts and consents came, went or are otherwise."""
        contacts = set(self.before.contacts) ^ set(self.after.contacts)
        return len(contacts) + len(set(self.before.spoken) ^ set(self.after.spoken))


def letters(shop: Shop, people: int) -> list[Email]:
    """So many people ask for the newsletter and as many again have it: the newest mail of each, handed over."""
    began = shop.now
    for number in range(2 * people):
        fields = {"email": f"reader{number}@example.org", "consent": ["newsletter"]}
        assert shop.request("POST", f"/v1/{shop.key}/forms/newsletter", json=fields).status_code == 202
    shop.hand_over()
    newest: list[Email] = []
    for number in range(2 * people):
        (email,) = shop.mails(f"reader{number}@example.org", began)
        if number < people:
            link = next(path for path in links_of(email) if path.startswith("/confirm/"))
            assert shop.request("POST", link).status_code == 200
            shop.hand_over()
            email = next(one for one in shop.mails(email.to_email, began) if one.name != "confirmation")
        newest.append(email)
    return newest


def replay(shop: Shop, number: int, people: int = 3) -> Replayed:
    """Open and press what mails lead to, so many times."""
    mails = letters(shop, people)
    begun, before, done = shop.now, Untouched.now(), Counter[str]()
    turns = itertools.count()
    while done.total() < number:
        turn = next(turns)
        email = mails[turn % len(mails)]
        for method, agent, headers in LOOKS:
            for link in links_of(email):
                shop.request(method, link, agent=agent, headers=headers, ip=f"198.51.100.{turn % 250}")
                done["prefetched" if "prefetch" in str(headers) else method] += 1
        agent, at_once = PRESSING[turn % len(PRESSING)]
        # The hours go by: who presses at once does so when the mail has just come.
        shop.now = begun + (timedelta(seconds=1) if at_once else HOUR + timedelta(minutes=turn % 600))
        done += press_everything(shop, email, agent, ip=f"203.0.113.{turn % 250}")
    return Replayed(done, before, Untouched.now())


def press_everything(shop: Shop, email: Email, agent: str, ip: str) -> Counter[str]:
    """A program opens every link of the mail, then sends every form that it found; how much of each."""
    done = Counter[str]()
    pages = [(link, shop.request("GET", link, agent=agent, ip=ip).text) for link in links_of(email)]
    done["GET"] += len(pages)
    for link, page in pages:
        for action, fields in Forms(page).found:
            shop.request("POST", action or link, agent=agent, ip=ip, data=dict(fields))
            done["pressed"] += 1
    return done


# ---- one address, through every door --------------------------------------------------------------------------------

VICTIM = "alice@gmail.com"
SPELLINGS = ("alice@gmail.com", "Alice@Gmail.com", "a.lice+{}@gmail.com", "al.i.ce@googlemail.com", "alice+x@gmail.com")


@dataclass
class Flooded:
    """What came of it: requests by door, their statuses, and what was mailed to the one mailbox."""

    requests: Counter[str]
    answers: Counter[int]
    mails: list[Email]


def flood(shop: Shop, number: int) -> Flooded:
    """So many requests that name one person, evenly over a day, through every door there is."""
    doors = Doors(shop)
    shop.now += 2 * DAY
    began, step, done = shop.now, DAY / (number + 1), Counter[str]()
    shop.answers.clear()
    ways = itertools.cycle(doors.ways())
    for turn in range(number):
        name, way = next(ways)
        way(SPELLINGS[turn % len(SPELLINGS)].format(turn))
        done[name] += 1
        shop.now += step
        if turn % 20 == 0:
            shop.hand_over()
    return Flooded(done, shop.answers, shop.mails(VICTIM, began))


class Doors:
    """Every way by which somebody who types an address can have something mailed to it. The victim knows the shop: a
    member with a confirmed address and a conversation, which is where the most can be asked for."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.sent, self.confirm = shop, [], ""
        self.described: dict[str, Any] = {}
        self.visitor = self._visitor()
        for slug in ("registration", "transcript"):
            shop.now += HOUR
            self._send_and_confirm(slug)
        # Who has the conversation of the victim can ask for it again and again; another visitor fills the forms.
        self.known, self.visitor = self.visitor, self._visitor()
        shop.now += HOUR
        self.confirm = self._link_of(self.send("newsletter", VICTIM))

    def ways(self) -> list[tuple[str, Callable[[str], Any]]]:
        """Each door by name: what takes the address."""
        slugs = {kind: demo.SLUGS.get(kind, kind) for kind in kinds.registry()}
        calls = [(f"{kind}, widget", partial(self.send, slug)) for kind, slug in slugs.items()]
        pages = [(f"{kind}, page", partial(self.page, slug)) for kind, slug in slugs.items() if kind != "transcript"]
        return [
            *calls,
            *pages,
            ("again, widget", self.again),
            ("again, page", self.again_on_the_page),
            ("again, link", self.again_by_the_link),
            ("a wrong code", self.code),
            ("member's link", self.member_link),
            ("transcript, chat", self.transcript),
        ]

    def send(self, slug: str, address: str) -> Any:
        fields = self._fields(slug, address)
        answer = self.shop.request("POST", f"/v1/{self.shop.key}/forms/{slug}", json=fields, headers=self.visitor)
        if answer.status_code == 202:
            self.sent.append((slug, answer.json["submission"], answer.json["poll_token"]))
        return answer

    def page(self, slug: str, address: str) -> Any:
        return self.shop.request("POST", f"/f/{self.shop.key}/{slug}", data=self._fields(slug, address))

    def again(self, _address: str) -> Any:
        _slug, submission, token = self._one_sent()
        return self.shop.request("POST", f"/v1/submissions/{submission}/resend", json={"poll_token": token})

    def again_on_the_page(self, _address: str) -> Any:
        slug, submission, token = self._one_sent()
        proof = {"submission": submission, "poll_token": token}
        return self.shop.request("POST", f"/f/{self.shop.key}/{slug}/resend", data=proof)

    def again_by_the_link(self, _address: str) -> Any:
        return self.shop.request("POST", f"{self.confirm}/resend")

    def code(self, _address: str) -> Any:
        _slug, submission, token = self._one_sent()
        return self.shop.request("POST", f"/v1/submissions/{submission}/code", json={"poll_token": token, "code": "x"})

    def member_link(self, address: str) -> Any:
        return self.shop.request("POST", f"/f/{self.shop.key}/registration/member", data={"email": address})

    def transcript(self, _address: str) -> Any:
        path = f"/v1/{self.shop.key}/chat/events/transcript"
        return self.shop.request("POST", path, json={}, headers=self.known)

    def _fields(self, slug: str, address: str) -> dict[str, Any]:
        if slug not in self.described:
            self.described[slug] = self.shop.request("GET", f"/v1/{self.shop.key}/forms/{slug}").json
        described = self.described[slug]
        kind = kinds.by_name(described["kind"])
        asked = {one["name"]: _answer(one) for one in described["fields"] if one["required"]}
        filled = next(iter(kind.example_entries), {})
        agreed = [box["purpose"] for box in described["consents"]]
        return {"message": "Is it blue?", **asked, **filled, "consent": agreed, "email": address}

    def _one_sent(self) -> tuple[str, str, str]:
        # Old ones and new ones in turn.
        self.sent.append(self.sent.pop(0))
        return self.sent[-1]

    def _visitor(self) -> dict[str, str]:
        """The headers of somebody who has said something in the chat."""
        body = {"client_id": "v1", "body": "Is it blue?"}
        said = self.shop.request("POST", f"/v1/{self.shop.key}/chat/messages", json=body).json
        return {"Authorization": f"Bearer {said['token']}"}

    def _send_and_confirm(self, slug: str) -> None:
        assert self.shop.request("POST", self._link_of(self.send(slug, VICTIM))).status_code == 200

    def _link_of(self, answer: Any) -> str:
        """The link in the mail that this submission led to."""
        asked = (
            select(Email)
            .join(Confirmation, Confirmation.public_id == Email.about)
            .join(Submission, Submission.confirmation_id == Confirmation.id)
            .where(Submission.public_id == answer.json["submission"])
        )
        with db.read() as session:
            email = session.scalars(asked).one()
        return next(path for path in links_of(email) if path.startswith("/confirm/"))


def _answer(described: dict[str, Any]) -> Any:
    """What a visitor who wants to be done answers to a field."""
    options = described.get("options")
    if options:
        first = options[0]
        return first["value"] if isinstance(first, dict) else first
    return described.get("min") or {"date": "2026-05-01", "checkbox": "on"}.get(described["type"], "3")
