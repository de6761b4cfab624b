"""A small proof of work (ALTCHA, version 1) that makes a flood of submissions dear and costs a person nothing.

A challenge belongs to one form, lives ten minutes and can be spent once.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import Any

from altcha import v1 as altcha

from leadcapture import ratelimit, signing
from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _

LIFETIME = timedelta(minutes=10)
# At most so many hashes: about half a second on a phone, on average half of that.
LARGEST_NUMBER = 50_000
PARTS = {"algorithm": str, "challenge": str, "number": int, "salt": str, "signature": str}


def create(now: datetime, form_id: str) -> dict[str, Any]:
    """A challenge for the form with that public id, as the widget is told of it."""
    made = altcha.create_challenge(
        altcha.ChallengeOptions(
            algorithm="SHA-256",
            max_number=LARGEST_NUMBER,
            hmac_key=_key(),
            expires=now + LIFETIME,
            params={"form": form_id},
        )
    )
    return {
        "algorithm": made.algorithm,
        "challenge": made.challenge,
        "maxnumber": made.max_number,
        "salt": made.salt,
        "signature": made.signature,
    }


def check(now: datetime, form_id: str, payload: str) -> str:
    """The challenge that this payload solves, to be handed to `spend` once everything else is right.

    Raises Invalid with code "challenge" for one that is wrong, expired, or of another form.
    """
    solved = _parsed(payload)
    right, _why = altcha.verify_solution(solved, _key(), check_expires=False)
    params = altcha.extract_params(solved.to_dict()) if right else {}
    # The salt is signed, so these are as we wrote them; the clock is ours and not the library's.
    if not right or params.get("form") != [form_id] or int(params["expires"][0]) < now.timestamp():
        raise _refusal()
    return solved.challenge


def spend(challenge: str) -> None:
    """Use the challenge up. Raises Invalid with code "challenge" when that was done before."""
    if not ratelimit.first_time("challenge", challenge, int(LIFETIME.total_seconds()) + 60):
        raise _refusal()


def _parsed(payload: str) -> altcha.Payload:
    try:
        solved = json.loads(base64.b64decode(payload, validate=True))
    except (binascii.Error, ValueError) as error:
        raise _refusal() from error
    if not isinstance(solved, dict) or any(not isinstance(solved.get(name), type_) for name, type_ in PARTS.items()):
        raise _refusal()
    return altcha.Payload(**{name: solved[name] for name in PARTS})


def _key() -> str:
    return signing.digest("altcha", "key")


def _refusal() -> Invalid:
    return Invalid(_("Your browser could not be checked. Try again."), code="challenge")
