"""The proof of work: solved once, for one form, in ten minutes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leadcapture import clock
from leadcapture.errors import Invalid
from leadcapture.forms import challenge
from leadcapture.forms.models import Submission

from .conftest import count, pack, solve


def test_a_solved_challenge_is_taken_once(visitor):
    payload = pack(solve(visitor.describe("subscription").json["challenge"]))
    assert visitor.send(altcha=payload).status_code == 202
    replayed = visitor.send(altcha=payload)
    assert (replayed.status_code, replayed.json["error"]["code"]) == (422, "challenge")
    assert count(Submission) == 1


def test_a_mistake_in_the_form_does_not_use_the_challenge_up(visitor):
    payload = pack(solve(visitor.describe("subscription").json["challenge"]))
    assert visitor.send(altcha=payload, email="nonsense").json["error"]["code"] == "invalid"
    assert visitor.send(altcha=payload).status_code == 202


def test_a_challenge_of_one_form_is_worthless_at_another(visitor):
    payload = pack(solve(visitor.describe("subscription").json["challenge"]))
    assert visitor.ask(altcha=payload).json["error"]["code"] == "challenge"


def test_an_expired_challenge_is_refused(forms):
    now = clock.now()
    payload = pack(solve(challenge.create(now, forms.subscription.public_id)))
    assert challenge.check(now + timedelta(minutes=9), forms.subscription.public_id, payload)
    with pytest.raises(Invalid):
        challenge.check(now + timedelta(minutes=11), forms.subscription.public_id, payload)


def test_no_part_of_a_solution_can_be_changed(visitor):
    solved = solve(visitor.describe("subscription").json["challenge"])
    digits = str(solved["number"])
    changed = [
        {**solved, "number": solved["number"] + 1},
        {**solved, "salt": solved["salt"].replace("expires=1", "expires=9")},
        {**solved, "signature": "0" * 64},
        {**solved, "challenge": "0" * 64},
        {**solved, "algorithm": "SHA-1"},
        # Digits of the number moved into the salt hash to the same: the delimiter at the salt's end forbids it.
        {**solved, "salt": solved["salt"] + digits[:1], "number": int(digits[1:] or "0")},
        {**solved, "salt": solved["salt"] + "&expires=9999999999&"},
    ]
    for payload in changed:
        answer = visitor.send(altcha=pack(payload))
        assert (answer.status_code, answer.json["error"]["code"]) == (422, "challenge"), payload
    assert count(Submission) == 0
    assert visitor.send(altcha=pack(solved)).status_code == 202


@pytest.mark.parametrize("payload", ["x", "bnVsbA==", "W10=", "eyJhbGdvcml0aG0iOiAxfQ==", "é", "MQ=="])
def test_nonsense_is_refused(visitor, payload):
    answer = visitor.send(altcha=payload)
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "challenge")
