"""The proof of work: solved once, for one form, in ten minutes; spent for every process, and over restarts."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from leadcapture import clock, db, ratelimit
from leadcapture.errors import Invalid
from leadcapture.forms import challenge
from leadcapture.forms.models import Submission
from leadcapture.guard.models import SpentChallenge

from .conftest import count, pack, solve


def test_a_solved_challenge_is_taken_once(visitor):
    payload = pack(solve(visitor.describe("subscription").json["challenge"]))
    assert visitor.send(altcha=payload).status_code == 202
    replayed = visitor.send(altcha=payload)
    assert (replayed.status_code, replayed.json["error"]["code"]) == (422, "challenge")
    assert count(Submission) == 1


def test_what_was_spent_stays_spent_when_the_service_is_restarted(visitor, settings):
    payload = pack(solve(visitor.describe("subscription").json["challenge"]))
    assert visitor.send(altcha=payload).status_code == 202
    ratelimit.configure(settings)  # what a process kept in its memory is gone
    db.connect(settings.database_url)
    assert visitor.send(altcha=payload).json["error"]["code"] == "challenge"
    assert visitor.send(altcha=payload, email="another@example.org").json["error"]["code"] == "challenge"


def test_a_refused_replay_leaves_nothing_behind(visitor):
    payload = pack(solve(visitor.describe("subscription").json["challenge"]))
    visitor.send(altcha=payload)
    assert visitor.send(altcha=payload, email="another@example.org").status_code == 422
    assert count(Submission) == 1
    assert count(SpentChallenge) == 1


def test_an_answer_that_was_lost_may_be_asked_for_again(visitor):
    payload = pack(solve(visitor.describe("subscription").json["challenge"]))
    first = visitor.send(altcha=payload, once="a-page-s-own-random-mark")
    again = visitor.send(altcha=payload, once="a-page-s-own-random-mark")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json["submission"] == again.json["submission"]
    assert count(Submission) == 1


def a_solution() -> challenge.Solved:
    now = clock.now()
    return challenge.check(now, "frm_x", pack(solve(challenge.create(now, "frm_x"))))


def test_a_challenge_is_spent_once_on_either_database(either_database):
    solved, now = a_solution(), clock.now()
    db.write(challenge.spend, now, solved)
    with pytest.raises(Invalid) as refused:
        db.write(challenge.spend, now, solved)
    assert refused.value.code == "challenge"


def test_of_many_processes_at_once_one_spends_it(postgresql):
    solved, now = a_solution(), clock.now()

    def spent(_number: int) -> bool:
        try:
            db.write(challenge.spend, now, solved)
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(spent, range(24))) == 1


def test_what_nobody_can_bring_again_is_forgotten(either_database):
    solved, now = a_solution(), clock.now()
    db.write(challenge.spend, now, solved)
    challenge.purge_due(solved.expires_at)
    assert count(SpentChallenge) == 1
    with pytest.raises(Invalid):
        db.write(challenge.spend, solved.expires_at + timedelta(seconds=1), solved)
    challenge.purge_due(solved.expires_at + 2 * challenge.LIFETIME)
    assert count(SpentChallenge) == 0
    with pytest.raises(Invalid):
        db.write(challenge.spend, solved.expires_at + 2 * challenge.LIFETIME, solved)


def test_what_the_official_libraries_solve_is_taken(database):
    # The same challenges are solved by the official library for Node in widget/src/forms/proof.test.ts.
    vectors = json.loads(Path(__file__).with_name("challenge_vectors.json").read_text())
    now = datetime.fromisoformat(vectors["now"])
    for vector in vectors["challenges"]:
        solved = solve(vector["challenge"])
        assert solved["number"] == vector["number"]
        # Its widget says how long it took, too.
        taken = challenge.check(now, vectors["form"], pack(solved | {"took": 12}))
        assert (taken.opened_at, taken.expires_at) == (now, now + challenge.LIFETIME)
    made = challenge.create(now, vectors["form"])
    assert made.keys() == vectors["challenges"][0]["challenge"].keys()


def test_parts_of_two_challenges_make_none(visitor):
    one, other = (solve(visitor.describe("subscription").json["challenge"]) for _ in range(2))
    parts = ("challenge", "salt", "signature", "number")
    for chosen in range(1, 15):
        spliced = {**one, **{part: other[part] for bit, part in enumerate(parts) if chosen >> bit & 1}}
        if spliced["number"] == one["number"] == other["number"]:
            continue
        answer = visitor.send(altcha=pack(spliced))
        assert (answer.status_code, answer.json["error"]["code"]) == (422, "challenge"), chosen
    assert count(Submission) == 0


def test_when_the_form_was_opened_goes_from_challenge_to_challenge(visitor, forms):
    first = visitor.describe("subscription").json
    later = visitor.describe("subscription", opened=first["opened"]).json
    assert later["opened"] == first["opened"]
    forged = visitor.describe("subscription", opened="x" + first["opened"]).json
    assert forged["challenge"]["salt"].count("opened=") == 1
    now, form = clock.now(), forms.subscription.public_id
    opened = [challenge.check(now, form, pack(solve(one["challenge"]))).opened_at for one in (first, later)]
    assert opened[0] == opened[1]


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
    assert challenge.check(now + timedelta(minutes=9), forms.subscription.public_id, payload).challenge
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


@pytest.mark.parametrize(
    "payload", ["x", "bnVsbA==", "W10=", "eyJhbGdvcml0aG0iOiAxfQ==", "é", "MQ==", "W1tb" * 300, "x" * 5_000]
)
def test_nonsense_is_refused(visitor, payload):
    answer = visitor.send(altcha=payload)
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "challenge")
