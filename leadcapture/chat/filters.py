"""What a list of conversations is filtered by, as operators say it: pure; the conditions on rows are in `views`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from leadcapture import clock
from leadcapture.chat import rules
from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _

LONGEST_TAG = 40  # characters
LONGEST_NAME = 60
WHERE = ("open", "snoozed", "closed", "held", "all")
KINDS = ("chat", "question")
ME, NOBODY = "me", "none"


@dataclass(frozen=True)
class Filter:
    """Which conversations are meant; what is not said does not matter.

    `where`: open (neither closed nor put aside), snoozed, closed, all, or held (as spam), which none of the others are.
    `operator` is a public id, ME or NOBODY.
    `mentions`: the operator who asks is named in a note. `since` and `until` are about when the conversation began.
    """

    where: str = "open"
    statuses: tuple[str, ...] = ()
    operator: str = ""
    tag: str = ""
    site: str = ""
    language: str = ""
    kind: str = ""
    unread: bool = False
    missed: bool = False
    rated: bool = False
    mentions: bool = False
    since: datetime | None = None
    until: datetime | None = None

    def wire(self) -> dict[str, Any]:
        """As it is stored and told: only what was said."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        said["statuses"] = list(self.statuses)
        return {"where": self.where} | {
            name: clock.wire(value) if isinstance(value, datetime) else value
            for name, value in said.items()
            if value and name != "where"
        }


# What everybody has. `missed`: nobody came in time, and nobody has said anything since.
BUILT_IN = {
    "open": Filter(),
    "mine": Filter(operator=ME),
    "unassigned": Filter(operator=NOBODY),
    "missed": Filter(missed=True),
    "snoozed": Filter(where="snoozed"),
    "mentions": Filter(where="all", mentions=True),
    "held": Filter(where="held"),
    "closed": Filter(where="closed"),
}


def read(given: object) -> Filter:
    """The filter out of what was sent or stored. Raises Invalid (bad_request) for anything that is none."""
    if not isinstance(given, Mapping):
        raise _bad("filter")
    unknown = set(given) - {field.name for field in fields(Filter)}
    if unknown:
        raise _bad(str(sorted(map(str, unknown))[0])[:40])
    statuses = given.get("statuses") or []
    if not isinstance(statuses, list) or not all(status in rules.STATUSES for status in statuses):
        raise _bad("statuses")
    return Filter(
        where=_choice(given, "where", WHERE) or "open",
        statuses=tuple(status for status in rules.STATUSES if status in statuses),
        operator=_text(given, "operator", 40),
        tag=_text(given, "tag", LONGEST_TAG),
        site=_text(given, "site", 40),
        language=_text(given, "language", 8),
        kind=_choice(given, "kind", KINDS),
        unread=_flag(given, "unread"),
        missed=_flag(given, "missed"),
        rated=_flag(given, "rated"),
        mentions=_flag(given, "mentions"),
        since=moment(given, "since"),
        until=moment(given, "until"),
    )


def name(given: object) -> str:
    """The name of a view as it is kept. Raises Invalid (bad_request) for an empty one."""
    cleaned = rules.clean_line(given, LONGEST_NAME) if isinstance(given, str) else ""
    if not cleaned:
        raise Invalid(_("Give the view a name."), code="bad_request")
    return cleaned


def tags(given: object) -> list[str]:
    """Tags as they are kept: one line each, no longer than LONGEST_TAG, each once whatever its capitals.

    Raises Invalid (bad_request) for anything but a list of at most 20 texts.
    """
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > 20 or not all(isinstance(tag, str) for tag in given):
        raise _bad("tags")
    cleaned = (rules.clean_line(tag, LONGEST_TAG) for tag in given)
    return list({tag.casefold(): tag for tag in cleaned if tag}.values())


def moment(given: Mapping[str, Any], name: str) -> datetime | None:
    """A moment with its zone; None where none is said. Raises Invalid (bad_request)."""
    text = _text(given, name, 40)
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise _bad(name) from error
    if at.tzinfo is None:
        raise _bad(name)
    return at


def _text(given: Mapping[str, Any], name: str, longest: int) -> str:
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise _bad(name)
    return value


def _choice(given: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    value = _text(given, name, 20)
    if value and value not in choices:
        raise _bad(name)
    return value


def _flag(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name)
    if value not in (None, True, False):
        raise _bad(name)
    return value is True


def _bad(name: str) -> Invalid:
    return Invalid(_("This request cannot be read (%(name)s).", name=name), code="bad_request")
