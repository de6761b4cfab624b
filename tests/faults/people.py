"""The people who write, send forms, confirm and leave while things are killed or away. They keep a ledger of what they
were told is done: whoever gets no answer sends the same again, as browsers do. And the service they know, as two
processes, web and jobs."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import shutil
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text, update

from leadcapture import clock, db
from leadcapture.forms import operations as forms
from leadcapture.sites.models import Site
from tests.chat.talk import ORIGIN, ChatService
from tests.faults.disk import worker_of
from tests.faults.test_chat_drops import Outbox, operator_end, visitor_end
from tests.servers import Mailbox, Process, wait_for

UNLIMITED = {
    f"RATE_{name}": "100000000/minute"
    for name in ("FORM", "FORM_PLAIN", "FORM_NETWORK", "FORM_SITE", "CONNECT", "MESSAGE")
}
AGAIN = 0.05  # seconds after which somebody without an answer tries again
BACK_WITHIN = 60.0  # seconds: for a machine that does other things too


class Letters(Mailbox):
    """A real SMTP server that remembers of each mail what its receiver would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: Counter[str] = Counter()  # by Message-ID
        self.links: dict[tuple[str, str], str] = {}  # by receiver and by what the link does

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = envelope.content.decode()
        (address,) = envelope.rcpt_tos
        # Quoted-printable breaks long lines; no link of ours has an "=" of its own.
        for link in re.findall(r"https?://[^\s<>\"]+", mail.replace("=\r\n", "")):
            self.links.setdefault((address, urlsplit(link).path.split("/")[1]), link)
        self.taken[re.search(r"^Message-ID: (\S+)", mail, re.MULTILINE | re.IGNORECASE)[1]] += 1  # type: ignore[index]  # every mail has one
        return "250 OK"


class Shop(ChatService):
    """The service as two processes, web and jobs, on a database with one site and its newsletter."""

    mailbox: Letters

    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__(folder, **UNLIMITED, **settings)
        self.command = ("serve", "--no-jobs")
        self.mailbox = Letters()
        self.jobs: Process | None = None

    def __exit__(self, *error: object) -> None:
        self.kill_jobs()
        super().__exit__(*error)

    @property
    def database_url(self) -> str:
        return self.settings.get("DATABASE_URL") or f"sqlite:///{self.folder / 'instance' / 'leadcapture.db'}"

    def populate(self, migrated: Path | None = None) -> None:
        """As ChatService.populate, with a published newsletter; on SQLite in a copy of that file, where it is given."""
        if migrated and self.database_url.startswith("sqlite"):
            (self.folder / "instance").mkdir(parents=True, exist_ok=True)
            shutil.copy(migrated, self.folder / "instance" / "leadcapture.db")
        super().populate()
        database = db.Database(self.database_url)
        database.write(_add_newsletter, self.people.site.id)
        database.close()

    def start_jobs(self) -> None:
        self.jobs = self.begin("jobs")

    def kill_jobs(self) -> None:
        if self.jobs is not None:
            process, self.jobs = self.jobs, None
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(15)

    def worker(self) -> int:
        """The process id of the one that serves."""
        return worker_of(self.process, BACK_WITHIN)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the database says, asked past the service."""
        database = db.Database(self.database_url)
        try:
            with database.read() as session:
                return list(session.execute(text(statement), values))
        finally:
            database.close()


def _add_newsletter(session: Any, site_id: int) -> None:
    form = forms.create(session, clock.now(), site_id=site_id, kind="subscription", slug="newsletter")
    forms.publish(session, clock.now(), site_id=site_id, public_id=form.public_id)
    # These people are quicker than people are.
    session.execute(update(Site).values(protection={"hold_spam": False, "ask_code": False}))


# ---- the people -----------------------------------------------------------------------------------------------------


@dataclass
class Acknowledged:
    """What people were told is done."""

    messages: dict[str, tuple[str, int, str]] = field(default_factory=dict)  # by client id: id, seq, conversation
    submissions: dict[str, str] = field(default_factory=dict)  # by address
    confirmed: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    repeated: int = 0  # sent again, for no answer came

    def total(self) -> int:
        return len(self.messages) + len(self.submissions) + len(self.confirmed) + len(self.left)


class Person(threading.Thread):
    """Does one thing after the other until told to stop, and finishes the one begun."""

    def __init__(self, shop: Shop, told: Acknowledged, number: int) -> None:
        super().__init__(daemon=True)
        self.shop, self.told, self.number = shop, told, number
        self.chance = random.Random(number)
        self.enough = threading.Event()
        self.broken: BaseException | None = None

    def run(self) -> None:
        try:
            turn = 0
            while not self.enough.wait(self.chance.uniform(0.02, 0.1)):
                turn += 1
                self.act(turn)
        except BaseException as error:  # a person who breaks down is told of at the end
            self.broken = error

    def act(self, turn: int) -> None:
        raise NotImplementedError

    def post(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        form: dict[str, str] | None = None,
        known: dict[str, str] | None = None,
    ) -> Any:
        """The answer, however often it must be asked for: its JSON, or its text."""
        content = json.dumps(body) if form is None else urlencode(form)
        kind = "application/json" if form is None else "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, "Origin": ORIGIN, **(known or {})}
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.shop.port, timeout=15)
                connection.request("POST", path, content, headers)
                answer = connection.getresponse()
                said, status = answer.read().decode(), answer.status
                connection.close()
            except (OSError, http.client.HTTPException):
                status = 0
            if status in (200, 202):
                return json.loads(said) if answer.headers["Content-Type"] == "application/json" else said
            if status not in (0, 503):
                raise AssertionError(f"{status} to {path.split('/')[1]}: {said[:300]}")
            self.told.repeated += 1
            time.sleep(AGAIN)


class Chatter(Person):
    """Writes to the shop by plain HTTP."""

    token: str = ""

    def act(self, turn: int) -> None:
        client_id = f"p{self.number}-{turn}"
        said = {
            "client_id": client_id,
            "body": f"{self.number} says {turn}",
            "visitor_key": f"the-secret-key-of-visitor-{self.number}",
        }
        known = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        stored = self.post(f"/v1/{self.shop.people.site.key}/chat/messages", said, known=known)
        self.token = stored["token"]
        self.told.messages[client_id] = stored["id"], stored["seq"], stored["conversation"]


class Reader(Person):
    """Subscribes under one address after the other, confirms what comes by mail, and leaves with every second one."""

    def __init__(self, shop: Shop, told: Acknowledged, number: int) -> None:
        super().__init__(shop, told, number)
        self.waiting: list[tuple[str, str]] = []  # addresses, with the link that is waited for

    def act(self, turn: int) -> None:
        address = f"reader{self.number}-{turn}@example.org"
        fields = {"email": address, "consent": ["newsletter"], "once": f"filling-of-{self.number}-number-{turn}"}
        sent = self.post(f"/v1/{self.shop.people.site.key}/forms/newsletter", fields)
        self.told.submissions[address] = sent["submission"]
        self.waiting.append((address, "confirm"))
        self.look()

    def look(self) -> None:
        """Do what the mails ask for that have come."""
        for address, what in list(self.waiting):
            link = self.shop.mailbox.links.get((address, what))
            if link is None:
                continue
            self.waiting.remove((address, what))
            path = urlsplit(link).path
            if what == "confirm":
                self.post(path, form={})
                self.told.confirmed.add(address)
                if self.chance.random() < 0.5:
                    self.waiting.append((address, "unsubscribe"))
            else:
                self.post(path, form={"List-Unsubscribe": "One-Click"})
                self.told.left.add(address)


class Talk:
    """A visitor and an operator over sockets, as panel and inbox do it."""

    def __init__(self, shop: Shop, told: Acknowledged) -> None:
        self.told = told
        self.ends = visitor_end(shop, shop.port), operator_end(shop, shop.port)
        self.enough = threading.Event()
        self._turns = [
            threading.Thread(target=self._say, args=(end, f"s{at}"), daemon=True) for at, end in enumerate(self.ends)
        ]

    def start(self) -> None:
        visitor, operator = self.ends
        visitor.start()
        visitor.send("s-first", "the first word")
        operator.conversation = wait_for(lambda: visitor.conversation, "the first message to be stored", BACK_WITHIN)
        operator.start()
        for turn in self._turns:
            turn.start()

    def _say(self, end: Outbox, name: str) -> None:
        turn = 0
        while not self.enough.wait(0.05):
            if len(end.waiting) < 5:
                turn += 1
                end.send(f"{name}-{turn}", f"{name} says {turn}")

    def finish(self) -> dict[str, int]:
        """The number of each message that was acknowledged, once all are."""
        self.enough.set()
        for end in self.ends:
            wait_for(partial(_is_empty, end), "every message to be acknowledged", BACK_WITHIN)
            end.stop()
        return self.ends[0].acknowledged | self.ends[1].acknowledged


def _is_empty(end: Outbox) -> bool:
    return not end.waiting
