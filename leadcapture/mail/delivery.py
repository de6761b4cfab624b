"""Sends what is due: claim, send, record. Any number of workers may run it, and any may be killed at any moment.

A mail is claimed by a conditional update (state `sending`, with the worker's name). `data_begun` is committed before
DATA is sent. So of a worker that died, the mails whose DATA had not begun go back into the queue, and the one whose
DATA had begun becomes `ambiguous`: perhaps it was delivered, so it is never sent again by itself.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import random
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

from gevent.event import Event
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from leadcapture import db
from leadcapture.mail import operations, queries, rules, transports
from leadcapture.mail.models import Email
from leadcapture.mail.rules import Answer, Stage, Verdict
from leadcapture.mail.transports import Connection, Letter, Unreachable

log = logging.getLogger("leadcapture.mail")

BATCH = 10

# 7-bit bodies pass every server; lines never get too long.
_ASCII = SMTP.clone(cte_type="7bit")
_UTF8 = SMTPUTF8.clone(cte_type="7bit")

_connection: Connection | None = None
_idle = Event()
_idle.set()
_ending = False


def deliver_due(now: datetime) -> None:
    """Send every mail that is due. Without a mail server nothing happens: mails are held, readable in the console."""
    server = transports.server()
    if server is None:
        return
    connection = _connection_to(server)
    with db.read() as session:
        claimed = queries.claims(session)
        due = queries.oldest_due(session, now)
    if claimed:
        db.write(give_up_claims, now, worker_name())
    if due is None:
        connection.rest()
        return
    watch = _Watch(now)
    _idle.clear()
    try:
        connection.open()
        _send_all(connection, watch)
    except Unreachable as error:
        log.warning("mail waits: %s", error.message)
        db.write(postpone, watch.now(), worker_name(), error.message)
    finally:
        _idle.set()


def finish(seconds: float) -> bool:
    """Begin no other mail and wait, at most so long, for the answer to the one being sent: for the orderly end of a
    process, which would leave that mail ambiguous else. Returns whether all is settled.
    """
    global _ending
    _ending = True
    return bool(_idle.wait(seconds))


@dataclass(frozen=True)
class Claimed:
    """A mail this worker may send: copied out of its row."""

    id: int
    public_id: str
    attempts: int
    from_email: str
    from_name: str
    to_email: str
    to_name: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    message_id: str
    attachments: list[dict[str, str]] | None = None


def claim(session: Session, now: datetime, worker: str, limit: int) -> list[Claimed]:
    """Take up to `limit` due mails for this worker, oldest first; no other worker gets the same."""
    due = (
        select(Email.id)
        .where(Email.status.in_(operations.WAITING), Email.due_at <= now)
        .order_by(Email.due_at, Email.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    columns = [getattr(Email, name) for name in Claimed.__dataclass_fields__]
    rows = session.execute(
        update(Email)
        .where(Email.id.in_(due), Email.status.in_(operations.WAITING))
        .values(status="sending", claimed_at=now, claimed_by=worker, data_begun=False)
        .returning(*columns)
        .execution_options(synchronize_session=False)
    ).all()
    return sorted((Claimed(*row) for row in rows), key=lambda mail: mail.id)


def begin(session: Session, now: datetime, worker: str, email_id: int) -> bool:
    """Note that DATA is about to be sent. False when it must not be: the claim was lost meanwhile, the consent it rests
    on was withdrawn, or its receiver wants it later."""
    mine = select(Email).where(Email.id == email_id, Email.claimed_by == worker, Email.status == "sending")
    # Held from here on: whoever withdraws at this moment comes before or after, never in between.
    email = session.scalar(mine.with_for_update().execution_options(populate_existing=True))
    if email is None:
        return False
    answer = operations.still_wanted(session, now, email)
    if answer == "yes":
        return _update_mine(session, worker, email_id, ("sending",), data_begun=True, claimed_at=now)
    values: dict[str, Any] = {"status": "deferred", "due_at": answer, "last_answer": "Its receiver asked for a pause."}
    if answer == "no":
        values = {"status": "suppressed", "last_answer": operations.WITHDRAWN}
    _update_mine(session, worker, email_id, ("sending",), claimed_by=None, **values)
    return False


def record(session: Session, now: datetime, worker: str, mail: Claimed, answer: Answer, verdict: Verdict) -> None:
    """Write down what became of a try."""
    # An answer that comes after another worker gave the claim up is still the truth.
    values: dict[str, Any] = {
        "status": verdict.status,
        "attempts": mail.attempts + 1,
        "last_answer": rules.one_line(str(answer), 500),
        "claimed_by": None,
        "data_begun": False,
    }
    if verdict.status == "sent":
        values["sent_at"] = now
    if verdict.due_at is not None:
        values["due_at"] = verdict.due_at
    if not _update_mine(session, worker, mail.id, ("sending", "ambiguous"), **values):
        return
    row = session.get_one(Email, mail.id)
    if verdict.status == "sent":
        for react in operations.on_sent:
            react(session, now, email=row)
    elif verdict.no_such_address:
        operations.suppress(session, now, site_id=row.site_id, email_key=row.to_key, reason="bounce")


def release(session: Session, now: datetime, worker: str) -> None:
    """Put back what this worker claimed and never began."""
    session.execute(
        update(Email)
        .where(Email.claimed_by == worker, Email.status == "sending", Email.data_begun.is_(False))
        .values(status="deferred", due_at=now, claimed_by=None)
        .execution_options(synchronize_session=False)
    )


def postpone(session: Session, now: datetime, worker: str, reason: str) -> None:
    """The mail server is away: everything due waits a little and shows why. No try is counted: no mail is to blame."""
    release(session, now, worker)
    session.execute(
        update(Email)
        .where(Email.status.in_(operations.WAITING), Email.due_at <= now)
        .values(status="deferred", due_at=now + rules.LOOK_AGAIN_AFTER, last_answer=rules.one_line(reason, 500))
        .execution_options(synchronize_session=False)
    )


def give_up_claims(session: Session, now: datetime, worker: str) -> None:
    """Resolve the claims of workers that are no more."""
    for email_id, claimed_by, claimed_at, data_begun in queries.claims(session):
        # A worker's own claims are settled before it looks again; what stands under its name was interrupted.
        living = None if claimed_by is None or claimed_by == worker else alive(claimed_by)
        if claimed_by != worker and not rules.abandoned(claimed_at=claimed_at, worker_alive=living, now=now):
            continue
        values: dict[str, Any] = {"status": "deferred", "due_at": now}
        if data_begun:
            values = {"status": "ambiguous", "last_answer": "The sending was interrupted before the server's answer."}
        # Conditional, also on the claim: another worker may have been faster, or the answer may have come.
        session.execute(
            update(Email)
            .where(
                Email.id == email_id,
                Email.status == "sending",
                Email.claimed_by == claimed_by,
                Email.claimed_at == claimed_at,
                Email.data_begun.is_(data_begun),
            )
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def compose(mail: Claimed, at: datetime) -> bytes:
    """The mail as it goes over the wire, 7-bit but for addresses that ask for SMTPUTF8. Raises ValueError for headers
    that could not be written.
    """
    message = EmailMessage(policy=_UTF8 if rules.needs_smtputf8(mail.from_email, mail.to_email) else _ASCII)
    message["From"] = _address(mail.from_name, mail.from_email)
    message["To"] = _address(mail.to_name, mail.to_email)
    if mail.reply_to and not rules.needs_smtputf8(mail.reply_to):
        message["Reply-To"] = _address("", mail.reply_to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = mail.message_id
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    for attached in mail.attachments or []:
        _attach(message, attached)
    # Written as they are: the standard library would break a long List-Unsubscribe address into encoded words.
    own = "".join(f"{name}: {value}\r\n" for name, value in mail.headers.items())
    return own.encode("ascii") + message.as_bytes()


def _attach(message: EmailMessage, attached: dict[str, str]) -> None:
    kind, _separator, rest = attached["content_type"].partition(";")
    maintype, _separator, subtype = kind.strip().partition("/")
    given = dict(part.strip().split("=", 1) for part in rest.split(";") if "=" in part)
    # As bytes, so that the line ends stay as they are: a calendar's are CRLF everywhere.
    message.add_attachment(
        attached["content"].encode(),
        maintype=maintype,
        subtype=subtype,
        filename=attached["filename"],
        params={"charset": "utf-8", **given},
    )


def _send_all(connection: Connection, watch: _Watch) -> None:
    while not _ending and (batch := db.write(claim, watch.now(), worker_name(), BATCH)):
        for mail in batch:
            if _ending:
                db.write(release, watch.now(), worker_name())
                return
            _send(connection, mail, watch)


def _send(connection: Connection, mail: Claimed, watch: _Watch) -> None:
    try:
        letter = Letter(mail.from_email, mail.to_email, compose(mail, watch.now()))
    except ValueError as error:
        _settle(mail, Answer(Stage.SENDER, 0, f"This mail cannot be written: {error}."), watch)
        return
    worker = worker_name()

    def may_begin() -> bool:
        return db.write(begin, watch.now(), worker, mail.id)

    connection.open()
    answer = connection.send(letter, may_begin)
    if answer is not None and answer.stage is Stage.SENDER and answer.code in (None, 421):
        # The server ended a connection that was kept open, as it may at any time between two mails.
        connection.drop()
        connection.open()
        answer = connection.send(letter, may_begin)
    if answer is not None:
        _settle(mail, answer, watch)


def _settle(mail: Claimed, answer: Answer, watch: _Watch) -> None:
    now = watch.now()
    verdict = rules.judge(answer, attempts=mail.attempts + 1, now=now, jitter=random.random())  # noqa: S311 spreads load
    log.info("mail %s: %s", mail.public_id, verdict.status)
    db.write(record, now, worker_name(), mail, answer, verdict)


class _Watch:
    """The time since a frozen `now`: sending takes time, and what is written down must say when."""

    def __init__(self, now: datetime) -> None:
        self._began = now
        self._monotonic = time.monotonic()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=time.monotonic() - self._monotonic)


def _update_mine(session: Session, worker: str, email_id: int, statuses: tuple[str, ...], **values: Any) -> bool:
    changed = session.scalar(
        update(Email)
        .where(Email.id == email_id, Email.claimed_by == worker, Email.status.in_(statuses))
        .values(**values)
        .returning(Email.id)
        .execution_options(synchronize_session=False)
    )
    return changed is not None


def _address(name: str, address: str) -> Address:
    local, _, domain = rules.ascii_address(address).rpartition("@")
    return Address(display_name=name, username=local, domain=domain)


def _connection_to(server: transports.Server) -> Connection:
    global _connection
    if _connection is None or _connection.server != server:
        if _connection is not None:
            _connection.drop()
        _connection = Connection(server)
    return _connection


@cache
def _name_of(pid: int) -> str:
    return f"{_place()}:{pid}:{secrets.token_hex(4)}"


def worker_name() -> str:
    """This process's name in claims: where it runs, its process id, and something no later process has."""
    return _name_of(os.getpid())


def alive(worker: str) -> bool | None:
    """Whether that worker still runs; None when that cannot be known from here (another machine or container)."""
    place, _, rest = worker.partition(":")
    pid = rest.partition(":")[0]
    if place != _place() or not pid.isdigit():
        return None
    if int(pid) == os.getpid():
        return worker == worker_name()  # our own number, given out again
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return None


@cache
def _place() -> str:
    """Where process ids mean the same as here: this boot of this machine and its pid namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        boot, namespace = platform.node(), ""
    return hashlib.sha256(f"{boot}{namespace}".encode()).hexdigest()[:12]
