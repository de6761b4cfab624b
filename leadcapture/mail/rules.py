"""Pure decisions about mail: what an answer means, when to try again, what may stand in a header or a greeting."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import idna

# Waits after the first, second, … refusal for now; greylisting servers let a second try through after some minutes.
RETRY_AFTER = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
)
GIVE_UP_AFTER = timedelta(days=4)
# A mail server that cannot be reached at all is no refusal: mails wait, and the next look comes soon.
LOOK_AGAIN_AFTER = timedelta(seconds=10)
# A line that broke before the mail was sent, or a server that takes nothing from a sender at the moment.
LINE_LOST_AFTER = timedelta(seconds=30)
SENDER_WAITS = timedelta(seconds=30)
CLAIM_HOLDS = timedelta(minutes=2)

# How many mails a worker claims at once: about as many as it sends in a second or two.
FIRST_BATCH = 20
LARGEST_BATCH = 500

# RFC 3463: what servers say when the mailbox or its domain does not exist; only this says "never mail again".
_NO_SUCH_ADDRESS = re.compile(r"^5\.1\.(1|2|3|6|10)\b")


class Stage(StrEnum):
    """How far a mail had got when the answer, or the end of the connection, came."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    COMMAND = "command"  # DATA was asked for, nothing of the mail was sent
    CONTENT = "content"  # the mail itself was on its way


@dataclass(frozen=True)
class Answer:
    """What became of one try. `code` is None when the connection ended unanswered, 0 when we ourselves refused."""

    stage: Stage
    code: int | None
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}" if self.code else self.text

    @property
    def line_lost(self) -> bool:
        """Whether the connection ended, or is about to (421): that says more of the server than of the mail."""
        return self.code in (None, 421)

    @property
    def sender_waits(self) -> bool:
        """Whether the server takes nothing from this sender for the moment, whoever shall get it."""
        return self.stage is Stage.SENDER and self.code is not None and 400 <= self.code < 500 and self.code != 421


@dataclass(frozen=True)
class Verdict:
    """The state a mail gets, when to try again (for `deferred`), whether its address is known not to exist, and whether
    the try counts: what the server as a whole does is no mail's fault."""

    status: str
    due_at: datetime | None = None
    no_such_address: bool = False
    counts: bool = True


def judge(answer: Answer, *, attempts: int, now: datetime, jitter: float) -> Verdict:
    """What an answer means for a mail that has been tried `attempts` times with this one; `jitter` from 0 to 1."""
    if answer.code is None and answer.stage is Stage.CONTENT:
        # The server may have taken it: sending again could mail somebody twice, so a person decides.
        return Verdict("ambiguous")
    if answer.line_lost:
        return Verdict("deferred", due_at=now + LINE_LOST_AFTER * (1 + 0.2 * jitter), counts=False)
    if answer.sender_waits:
        return Verdict("deferred", due_at=now + SENDER_WAITS, counts=False)
    if answer.code is None or 400 <= answer.code < 500:
        wait = backoff(attempts, jitter)
        return Verdict("failed") if wait is None else Verdict("deferred", due_at=now + wait)
    if 200 <= answer.code < 300:
        return Verdict("sent")
    if answer.stage is Stage.RECIPIENT and answer.code >= 500:
        return Verdict("bounced", no_such_address=bool(_NO_SUCH_ADDRESS.match(answer.text.strip())))
    return Verdict("failed")


def backoff(attempts: int, jitter: float) -> timedelta | None:
    """The wait after that many tries (from 1 on), spread by a fifth so that mails do not come back all at once.

    None when the tries so far have taken GIVE_UP_AFTER.
    """
    waits = [RETRY_AFTER[min(n, len(RETRY_AFTER) - 1)] for n in range(attempts)]
    if sum(waits[:-1], timedelta()) >= GIVE_UP_AFTER:
        return None
    return waits[-1] * (1 + 0.2 * jitter)


def next_batch(limit: int, seconds: float) -> int:
    """How many mails to claim after a batch of `limit` that lasted so long: twice as many while batches take less than
    a second, half as many from two on, so that a slow worker leaves the rest to others."""
    if seconds < 1.0:
        return min(LARGEST_BATCH, limit * 2)
    return max(FIRST_BATCH, limit // 2) if seconds > 2.0 else limit


def abandoned(*, claimed_at: datetime | None, worker_alive: bool | None, now: datetime) -> bool:
    """Whether a claim holds no more: its worker is known dead, or nobody can know and it is too old, or of a moment
    that is yet to come because the clock was put back."""
    if worker_alive is False:
        return True
    return claimed_at is None or abs(now - claimed_at) > CLAIM_HOLDS


def one_line(text: str, limit: int) -> str:
    """The text without line ends, control characters or invisible direction marks, at most `limit` characters."""
    if text.isprintable():  # as nearly all are: none of what is taken out below, and no blank but the space
        return " ".join(text.split())[:limit].strip()
    shown = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)
    shown = "".join(c for c in shown if unicodedata.category(c) not in {"Cf", "Cs", "Co", "Cn"} or c in "\u200c\u200d")
    return " ".join(shown.split())[:limit].strip()


def greeting_name(text: str) -> str:
    """The name a stranger typed, if it may stand in a mail to an address nobody has confirmed yet; else nothing.

    Letters, spaces and the marks of names only: no address, link or advertisement can be sent to others through us.
    """
    name = one_line(text, 80)
    fits = len(name) <= 40 and all(c in " -'’.·\u200c\u200d" or unicodedata.category(c)[0] in "LM" for c in name)
    return name if fits and not re.search(r"\.\S", name) else ""


def paragraphs_with_links(text: str, public_url: str) -> list[list[tuple[str, bool]]]:
    """A plain text mail as paragraphs of lines, each with whether it is a link of ours and nothing else.

    Only our templates write a bare address of ours on a line of its own; what visitors typed is quoted or labelled.
    """
    return [
        [(line, line.startswith(f"{public_url}/") and " " not in line) for line in paragraph.splitlines()]
        for paragraph in text.removesuffix("\n").split("\n\n")
    ]


def ascii_address(address: str) -> str:
    """The address with its domain in IDNA's ASCII form; the local part stays as it is."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}@{idna.encode(domain, uts46=True).decode()}"


def needs_smtputf8(*addresses: str) -> bool:
    """Whether only a server that speaks SMTPUTF8 can carry mail between these addresses."""
    return not all(address.rpartition("@")[0].isascii() for address in addresses)


def fallback_sender(public_url: str) -> str:
    """The address mails come from while a site has none of its own: at the host people know us by."""
    host = urlsplit(public_url).hostname or "localhost"
    is_name = any(c.isalpha() for c in host) and ":" not in host
    return f"leadcapture@{host if is_name else 'localhost'}"
