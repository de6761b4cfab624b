"""A small proof of work (ALTCHA, version 1) that makes a flood of submissions dear and costs a person nothing.

A challenge belongs to one form, lives ten minutes and is spent together with what it was solved for: in the same
transaction, so that whatever is stored was paid for once and whatever was paid for is stored.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from altcha import v1 as altcha
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from leadcapture import db, signing
from leadcapture.errors import Invalid
from leadcapture.guard.models import SpentChallenge
from leadcapture.i18n import gettext as _
from leadcapture.prepared import Prepared, inserted

LIFETIME = timedelta(minutes=10)
# At most so many hashes: about half a second on a phone, on average half of that.
LARGEST_NUMBER = 50_000
LONGEST_PAYLOAD = 2_000  # characters; ours have some 400
TEXTS = ("algorithm", "challenge", "salt", "signature")
PURGED_AT_ONCE = 1_000

_spent = SpentChallenge.__table__
_SPEND = Prepared(
    lambda insert: insert(_spent).values(inserted(_spent)).on_conflict_do_nothing().returning(_spent.c.challenge)
)


@dataclass(frozen=True)
class Solved:
    """A challenge that was solved, to be handed to `spend`; `opened_at` is when the form was opened, to the second."""

    challenge: str
    expires_at: datetime
    opened_at: datetime


def create(now: datetime, form_id: str, opened_at: datetime | None = None) -> dict[str, Any]:
    """A challenge for the form with that public id, as the widget is told of it; `opened_at` is when the form was
    opened, where that was not just now."""
    made = altcha.create_challenge(
        altcha.ChallengeOptions(
            algorithm="SHA-256",
            max_number=LARGEST_NUMBER,
            hmac_key=_key(),
            expires=now + LIFETIME,
            params={"form": form_id, "opened": str(int((opened_at or now).timestamp()))},
        )
    )
    return {
        "algorithm": made.algorithm,
        "challenge": made.challenge,
        "maxnumber": made.max_number,
        "salt": made.salt,
        "signature": made.signature,
    }


def check(now: datetime, form_id: str, payload: str) -> Solved:
    """The challenge that this payload solves, to be handed to `spend` once everything else is right.

    Raises Invalid with code "challenge" for one that is wrong, expired, or of another form.
    """
    solved = _parsed(payload)
    right, _why = altcha.verify_solution(solved, _key(), check_expires=False)
    params = altcha.extract_params(solved.to_dict()) if right else {}
    # The salt is signed, so these are as we wrote them; the clock is ours and not the library's.
    if not right or params.get("form") != [form_id]:
        raise _refusal()
    expires_at, opened_at = (datetime.fromtimestamp(int(params[name][0]), UTC) for name in ("expires", "opened"))
    if expires_at < now:
        raise _refusal()
    return Solved(solved.challenge, expires_at, opened_at)


def spend(session: Session, now: datetime, solved: Solved) -> None:
    """Use the challenge up, as a part of the transaction that stores what it was solved for.

    Raises Invalid with code "challenge" when that was done before, by whichever process, or when it has expired since.
    """
    if solved.expires_at < now:
        raise _refusal()
    spent = {"challenge": solved.challenge, "expires_at": solved.expires_at}
    if _SPEND.scalar(session, spent) is None:
        raise _refusal()


def purge_due(now: datetime) -> None:
    """Forget the spent challenges that have expired: nobody can bring them again."""
    while db.write(purge, now) == PURGED_AT_ONCE:
        pass


def purge(session: Session, now: datetime) -> int:
    """Forget some of the spent challenges that have expired; how many, at most PURGED_AT_ONCE."""
    # Whoever checked theirs a moment before it expired may still be on the way to spend it.
    over = SpentChallenge.expires_at < now - LIFETIME
    expired = select(SpentChallenge.challenge).where(over).limit(PURGED_AT_ONCE)
    gone = session.scalars(
        delete(SpentChallenge)
        .where(SpentChallenge.challenge.in_(expired.scalar_subquery()))
        .returning(SpentChallenge.challenge)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def _parsed(payload: str) -> altcha.Payload:
    if len(payload) > LONGEST_PAYLOAD:
        raise _refusal()
    try:
        solved = json.loads(base64.b64decode(payload, validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _refusal() from error
    if not isinstance(solved, dict) or any(not _plain(solved.get(name)) for name in TEXTS):
        raise _refusal()
    number = solved.get("number")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= LARGEST_NUMBER:
        raise _refusal()
    return altcha.Payload(number=number, **{name: solved[name] for name in TEXTS})


def _plain(part: object) -> bool:
    return isinstance(part, str) and part.isascii()


def _key() -> str:
    return signing.digest("altcha", "key")


def _refusal() -> Invalid:
    return Invalid(_("Your browser could not be checked. Try again."), code="challenge")
