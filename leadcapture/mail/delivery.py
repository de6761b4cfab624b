"""Sends what is due: claim, send, record. Any number of workers may run it, and any may be killed at any moment.

A worker sends over one connection, and over several while many mails wait. Each carries one mail at a time, and DATA of
a mail is sent only once `begin` is committed: of a worker that was killed, at most one mail of each connection is in
doubt. What the connections have to tell, one clerk writes down for all of them at once: a group costs little more than
one, and an answer is always written before or with the beginning of the next mail.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import random
import secrets
import time
from collections import deque
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import gevent
from gevent.event import AsyncResult, Event
from gevent.lock import BoundedSemaphore
from gevent.pool import Group

from leadcapture import db
from leadcapture.errors import Unavailable
from leadcapture.mail import claims, dkim, queries, rules, transports
from leadcapture.mail.claims import Claimed, Settled
from leadcapture.mail.composing import compose
from leadcapture.mail.rules import Answer, Stage, Verdict
from leadcapture.mail.transports import Connection, Letter, Lines, Unreachable

log = logging.getLogger("leadcapture.mail")

GATHER_SECONDS = 0.005  # what is told waits at most so long for more to be written down with
TROUBLES = 2  # after so many broken lines in a row a connection is not tried again for the moment
LOOK_FOR_DEAD_SECONDS = 5.0

_lines: Lines | None = None
# What the database has not taken yet: answers, and mails that never began although that was perhaps written down.
_unwritten: list[Settled] = []
_never_begun: list[int] = []
_idle = Event()
_idle.set()
_ending = False


def deliver_due(now: datetime) -> None:
    """Send every mail that is due. Without a mail server nothing happens: mails are held, readable in the console."""
    server = transports.server()
    if server is None:
        return
    lines, watch = _lines_to(server), _Watch(now)
    _write_the_unwritten(now)
    with db.read() as session:
        claimed = queries.claims(session)
        due = queries.oldest_due(session, now)
    if claimed:
        # A worker's own claims are settled before it looks again; what stands under its name was interrupted.
        db.write(claims.give_up, now, worker_name(), alive, mine=True)
    if due is None:
        lines.rest()
        return
    # Never for longer than that: the clock may have been put back meanwhile.
    if lines.look_again_at is not None and now < lines.look_again_at <= now + rules.LOOK_AGAIN_AFTER:
        return
    _idle.clear()
    try:
        _Run(lines, watch).drain()
    except Unreachable as error:
        log.warning("mail waits: %s", error.message)
        lines.drop()
        lines.look_again_at = watch.now() + rules.LOOK_AGAIN_AFTER
        db.write(claims.explain, watch.now(), error.message)
    finally:
        _idle.set()


def finish(seconds: float) -> bool:
    """Begin no other mail and wait, at most so long, for the answers to those being sent: for the orderly end of a
    process, which would leave them ambiguous else. Returns whether all is settled.
    """
    global _ending
    _ending = True
    return bool(_idle.wait(seconds))


class _Run:
    """One emptying of the outbox."""

    def __init__(self, lines: Lines, watch: _Watch) -> None:
        self._lines, self._watch = lines, watch
        self._clerk = _Clerk(watch)
        self._sending = Group()
        self._connections = 0
        self._mails: deque[Claimed] = deque()
        self._outbox_has_more = True
        self._batch, self._batch_at = rules.FIRST_BATCH, time.monotonic()
        self._claiming = BoundedSemaphore(1)
        self._dead_sought_at = time.monotonic()
        self._senders_waiting: set[str] = set()
        self._failure: BaseException | None = None

    def drain(self) -> None:
        """Send until nothing is due. Raises Unreachable when the server is away, and whatever else went wrong; what was
        claimed and not begun is put back before.
        """
        self._send_over_one_more()
        self._sending.join()
        try:
            self._clerk.close()
        finally:
            if self._mails or self._failure is not None:
                db.write(claims.release, self._watch.now(), worker_name())
        if self._failure is not None:
            raise self._failure

    def _send_over_one_more(self) -> None:
        self._connections += 1
        self._clerk.serve(self._connections)
        self._sending.spawn(self._send_over, self._lines.take())

    def _send_over(self, line: Connection) -> None:
        troubles = 0
        mail: Claimed | None = None
        try:
            line.open()  # before anything is claimed that nobody could take
            while troubles < TROUBLES and (mail := self._next()) is not None:
                answer = self._send(line, mail)
                troubles = troubles + 1 if answer is not None and answer.line_lost else 0
            if troubles == TROUBLES:
                raise Unreachable(str(answer))
        except Unreachable as error:
            if mail is not None and troubles < TROUBLES:
                self._mails.appendleft(mail)
            # A server that has enough connections refuses one more; only without any it is away.
            if self._connections == 1:
                self._failure = self._failure or error
        except BaseException as failure:
            self._failure = failure
        self._lines.give(line)
        self._connections -= 1
        self._clerk.serve(self._connections)

    def _next(self) -> Claimed | None:
        """The next mail to send; None when there is none, or no other may be begun."""
        while not (_ending or self._failure):
            few = len(self._mails) <= self._connections
            # One claims for all; the others go on with what there is.
            if self._outbox_has_more and few and not (self._mails and self._claiming.locked()):
                self._claim()
            if not self._mails:
                return None
            mail = self._mails.popleft()
            if mail.from_email not in self._senders_waiting:
                return mail
        return None

    def _claim(self) -> None:
        with self._claiming:
            if len(self._mails) > self._connections or not self._outbox_has_more:
                return
            now, began = self._watch.now(), time.monotonic()
            if began - self._dead_sought_at > LOOK_FOR_DEAD_SECONDS:
                self._dead_sought_at = began
                db.write(claims.give_up, now, worker_name(), alive, mine=False)
            batch = db.write(claims.claim, now, worker_name(), self._batch)
            self._outbox_has_more = bool(batch)
            self._mails.extend(batch)
            if len(batch) == self._batch:
                self._batch = rules.next_batch(self._batch, began - self._batch_at)
                if self._connections < self._lines.server.connections:
                    self._send_over_one_more()
            self._batch_at = began

    def _send(self, line: Connection, mail: Claimed) -> Answer | None:
        """Send one mail; the server's answer, or None when the mail may not go. Raises Unreachable."""
        answer = self._try(line, mail)
        if answer is None:
            return None
        self._clerk.settle(mail, answer)
        if answer.sender_waits:
            self._senders_waiting.add(mail.from_email)
            db.write(claims.postpone, self._watch.now(), worker_name(), mail, str(answer))
        return answer

    def _try(self, line: Connection, mail: Claimed) -> Answer | None:
        at = self._watch.now()
        try:
            domain = rules.ascii_address(mail.from_email).rpartition("@")[2]
            content = dkim.sign(compose(mail, at), dkim.keys_of(domain), at)
        except ValueError as error:
            return Answer(Stage.SENDER, 0, f"This mail cannot be written: {error}.")
        letter = Letter(mail.from_email, mail.to_email, content)
        line.open()
        answer = line.send(letter, lambda: self._clerk.begin(mail))
        if answer is not None and answer.stage is Stage.SENDER and answer.line_lost:
            # The server ended a connection that was kept open, as it may at any time between two mails.
            line.drop()
            line.open()
            answer = line.send(letter, lambda: self._clerk.begin(mail))
        return answer


class _Beginning(NamedTuple):
    """A mail that is about to begin, and where its connection waits to hear whether it may."""

    mail: Claimed
    answer: AsyncResult[bool]


class _Clerk:
    """Writes down for all connections what they have to tell, in groups: while one is committed, the next gathers."""

    def __init__(self, watch: _Watch) -> None:
        self._watch = watch
        self._settled: list[Settled] = []
        self._beginning: list[_Beginning] = []
        self._told, self._enough = Event(), Event()
        self._connections = 0
        self._closing = False
        self._failure: Exception | None = None  # once the database has not taken something, nothing else is begun
        self._work = gevent.spawn(self._write_until_closed)

    def settle(self, mail: Claimed, answer: Answer) -> None:
        """Have an answer written down; nobody waits for that."""
        now = self._watch.now()
        verdict = rules.judge(answer, attempts=mail.attempts + 1, now=now, jitter=random.random())  # noqa: S311 spreads load
        log.log(
            logging.DEBUG if verdict.status == "sent" else logging.INFO, "mail %s: %s", mail.public_id, verdict.status
        )
        self._settled.append(Settled(mail, answer, verdict))
        self._told.set()

    def begin(self, mail: Claimed) -> bool:
        """Whether DATA of that mail may be sent: True once that is committed. Raises what the database did."""
        if self._failure is not None:
            raise self._failure
        answer: AsyncResult[bool] = AsyncResult()
        self._beginning.append(_Beginning(mail, answer))
        self._told.set()
        if len(self._beginning) * 2 >= self._connections:
            self._enough.set()
        return bool(answer.get())

    def serve(self, connections: int) -> None:
        """So many connections tell from now on."""
        self._connections = connections

    def close(self) -> None:
        """Come back when all is written. Raises what the database did."""
        self._closing = True
        self._told.set()
        self._enough.set()
        self._work.get()
        if self._failure is not None:
            raise self._failure

    def _write_until_closed(self) -> None:
        while True:
            self._told.wait()
            # A mail is waiting as soon as half of the connections are about to send one; answers alone have no haste.
            self._enough.wait(GATHER_SECONDS)
            self._told.clear()
            self._enough.clear()
            settled, self._settled = self._settled, []
            beginning, self._beginning = self._beginning, []
            if settled or beginning:
                self._write(settled, beginning)
            elif self._closing:
                return
            if self._closing:
                self._told.set()

    def _write(self, settled: list[Settled], beginning: list[_Beginning]) -> None:
        mails = [mail for mail, _ in beginning]
        try:
            may = db.write(claims.write_down, self._watch.now(), worker_name(), settled, mails)
        except Unavailable as error:
            self._failure = error
            _unwritten.extend(settled)
            for mail, answer in beginning:
                _never_begun.append(mail.id)
                answer.set_exception(error)
        except Exception:
            if len(settled) + len(beginning) > 1:
                # One of them is to blame, or two groups waited for each other crosswise: each by itself.
                for one in settled:
                    self._write([one], [])
                for begun in beginning:
                    self._write([], [begun])
                return
            log.exception("a mail could not be written down")
            _unwritten.extend(settled)
            for mail, answer in beginning:
                self._put_off(mail)
                answer.set(False)
        else:
            for mail, answer in beginning:
                answer.set(mail.id in may)

    def _put_off(self, mail: Claimed) -> None:
        why = Answer(Stage.SENDER, 0, "Something went wrong here; the log says what.")
        verdict = Verdict("deferred", due_at=self._watch.now() + rules.LINE_LOST_AFTER, counts=False)
        self._write([Settled(mail, why, verdict)], [])


def _write_the_unwritten(now: datetime) -> None:
    """Write down what could not be while the database was away: what is known shall not be in doubt."""
    while _unwritten:
        try:
            db.write(claims.write_down, now, worker_name(), _unwritten[:1], [])
        except Exception as error:
            if isinstance(error, Unavailable):
                raise
            log.exception("what became of mail %s cannot be written down", _unwritten[0].mail.public_id)
        _unwritten.pop(0)
    if _never_begun:
        db.write(claims.take_back, now, worker_name(), list(_never_begun))
        _never_begun.clear()


class _Watch:
    """The time since a frozen `now`: sending takes time, and what is written down must say when."""

    def __init__(self, now: datetime) -> None:
        self._began = now
        self._monotonic = time.monotonic()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=time.monotonic() - self._monotonic)


def _lines_to(server: transports.Server) -> Lines:
    global _lines
    if _lines is None or _lines.server != server:
        if _lines is not None:
            _lines.drop()
        _lines = Lines(server)
    return _lines


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
