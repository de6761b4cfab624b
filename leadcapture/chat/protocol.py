"""The wire shapes of chat. What comes in is hostile until it has passed here; what goes out is made here.

The names and words below are those of widget/src/protocol.ts; a test holds the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from leadcapture import clock, signing
from leadcapture.chat import rules
from leadcapture.errors import Invalid, LeadCaptureError, RateLimited, Unavailable
from leadcapture.i18n import gettext as _

VISITOR, OPERATOR = "/visitor", "/operator"  # the two namespaces

VISITOR_EMITS = (
    "message", "typing", "seen", "delivered", "sync", "end", "rate", "identify", "page", "answers", "transcript",
)  # fmt: skip
VISITOR_HEARS = ("welcome", "message", "changed", "typing", "seen", "delivered", "conversation", "available")
OPERATOR_EMITS = (
    "presence", "idle", "take", "message", "typing", "seen", "delivered", "close", "assign", "join", "sync", "list",
    "counts", "search", "save_view", "drop_view", "snooze", "tag", "bulk", "canned", "edit", "delete", "block",
    "unblock", "release", "spam", "mentioned", "mention_seen", "about", "people", "approach",
)  # fmt: skip
OPERATOR_HEARS = (
    "queue", "conversation", "message", "changed", "typing", "presence", "beat", "escalation", "mention", "counts",
    "person", "gone",
)  # fmt: skip
AUTHOR_KINDS = ("visitor", "operator", "system")
OPERATOR_MESSAGE_KINDS = ("reply", "note", "question", "system")
ERROR_CODES = (
    "bad_request", "too_long", "rate_limited", "not_found", "taken", "closed", "unauthorized", "blocked", "too_large",
    "not_allowed", "unavailable",
)  # fmt: skip

PAGE = 200  # messages in one answer
QUEUE_PAGE = 100  # conversations in one answer
LARGEST_SEQ = 2**31 - 1  # what the column holds
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


# ---- what comes in ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Incoming:
    """A message as somebody sent it; `client_id` is unique for its author in the conversation. `file` is the public id
    of one that was uploaded before; a message with one may say nothing else."""

    client_id: str
    body: str
    page: str = ""
    file: str = ""
    by_email: bool = False
    subject: str = ""


@dataclass(frozen=True)
class Rating:
    """1 to 5 stars, and what else the visitor says."""

    stars: int
    comment: str


def fields(payload: object) -> Mapping[str, Any]:
    """The payload as an object; nothing at all counts as an empty one. Raises Invalid (bad_request) otherwise."""
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        raise unreadable("payload")
    return payload


def incoming(payload: object, page: str = "") -> Incoming:
    """The message; `page` is where its author is unless the payload says.

    Raises Invalid: bad_request for a wrong type or an empty text, too_long.
    """
    given = fields(payload)
    file = public_id(given, "file") if given.get("file") else ""
    body = text(given, "body", "" if file else None)
    return Incoming(
        client_id=public_id(given, "client_id"),
        body="" if file and not body.strip() else rules.clean_body(body),
        page=page_address(given) or page,
        file=file,
        by_email=given.get("by_email") is True,
        subject=rules.clean_line(text(given, "subject", ""), rules.LONGEST_SUBJECT),
    )


def rating(payload: object) -> Rating:
    """Raises Invalid (bad_request) for anything but 1 to 5 whole stars."""
    given = fields(payload)
    stars = given.get("stars")
    if not isinstance(stars, int) or isinstance(stars, bool) or not 1 <= stars <= 5:
        raise unreadable("stars")
    return Rating(stars, rules.clean_text(text(given, "comment", ""))[: rules.LONGEST_COMMENT])


def text(given: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text field; missing or null gives the default, if there is one. Raises Invalid (bad_request)."""
    value = given.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise unreadable(name)
    return value


def public_id(given: Mapping[str, Any], name: str) -> str:
    """An identifier of at most 64 plain characters. Raises Invalid (bad_request)."""
    value = text(given, name)
    if not _ID.fullmatch(value):
        raise unreadable(name)
    return value


def seq(given: Mapping[str, Any], name: str) -> int:
    """A number of a message, 0 where it is missing. Raises Invalid (bad_request)."""
    value = given.get(name, 0)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_SEQ:
        raise unreadable(name)
    return value


def rev(given: Mapping[str, Any]) -> int | None:
    """The last edit or deletion that a client knows (`after_rev`), None where it does not say. Raises Invalid."""
    return None if given.get("after_rev") is None else seq(given, "after_rev")


def flag(given: Mapping[str, Any], name: str) -> bool:
    """A truth value. Raises Invalid (bad_request)."""
    value = given.get(name)
    if not isinstance(value, bool):
        raise unreadable(name)
    return value


def choice(given: Mapping[str, Any], name: str, choices: tuple[str, ...], default: str) -> str:
    """One of the choices. Raises Invalid (bad_request)."""
    value = text(given, name, default)
    if value not in choices:
        raise unreadable(name)
    return value


def page_address(given: Mapping[str, Any]) -> str:
    """The address of the page somebody writes from; nothing for what is no web address."""
    value = rules.clean_line(text(given, "page", ""), 2000)
    return value if value.startswith(("http://", "https://")) else ""


def unreadable(name: str) -> Invalid:
    """The refusal (bad_request) of a field or an event that is not as it should be."""
    return Invalid(_("This request cannot be read (%(name)s).", name=name), code="bad_request")


# ---- what goes out ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FileView:
    """A file of a message as it is told. The addresses are signed: whoever has one may fetch the file."""

    id: str
    name: str
    size: int
    type: str
    thumb: tuple[int, int] | None  # width and height in pixels

    def wire(self) -> dict[str, Any]:
        proof = signing.sign("file", self.id)
        thumb: dict[str, Any] | None = None if self.thumb is None else {"width": self.thumb[0], "height": self.thumb[1]}
        if thumb is not None:
            thumb["url"] = f"/files/{self.id}/thumb?t={proof}"
        return {
            "id": self.id,
            "name": self.name,
            "size": self.size,
            "type": self.type,
            "url": f"/files/{self.id}/{quote(self.name)}?t={proof}",
            "thumb": thumb,
        }


@dataclass(frozen=True)
class MessageView:
    """One message as it is told; `seq` is None for notes, which stand after `after_seq`. `rev` is its place among what
    was edited or deleted, None while it is as it was written; a deleted one has no body and no file."""

    id: str
    client_id: str
    seq: int | None
    after_seq: int
    conversation: str
    kind: str
    author_kind: str
    author_name: str
    body: str
    at: datetime
    operator: str | None = None
    file: FileView | None = None
    rev: int | None = None
    edited_at: datetime | None = None
    deleted: bool = False
    by_email: bool = False

    def for_visitor(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "client_id": self.client_id,
            "seq": self.seq,
            "conversation": self.conversation,
            "author": {"kind": self.author_kind, "name": self.author_name or None},
            "body": self.body,
            "at": clock.wire(self.at),
            "file": None if self.file is None else self.file.wire(),
            "rev": self.rev,
            "edited_at": clock.wire_or_none(self.edited_at),
            "deleted": self.deleted,
            "by_email": self.by_email,
        }

    def for_operator(self, for_visitor: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the visitor is told, where that is made already, and more."""
        told = for_visitor or self.for_visitor()
        return told | {"kind": self.kind, "after_seq": self.after_seq, "operator": self.operator}

    def acknowledgement(self) -> dict[str, Any]:
        return {
            "ok": True,
            "id": self.id,
            "conversation": self.conversation,
            "seq": self.seq,
            "at": clock.wire(self.at),
        }


def refusal(error: LeadCaptureError) -> dict[str, Any]:
    """The acknowledgement of what was not done."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if isinstance(error, rules.Taken):
        body["by"] = {"name": error.by}
    if isinstance(error, RateLimited | Unavailable):
        body["retry_after"] = error.retry_after
    return {"ok": False, "error": body}
