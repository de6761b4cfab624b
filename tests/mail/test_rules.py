"""The decisions about mail, by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcapture.mail import rules
from leadcapture.mail.rules import Answer, Stage

NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)


def judge(stage: Stage, code: int | None, text: str = "", attempts: int = 1) -> rules.Verdict:
    return rules.judge(Answer(stage, code, text), attempts=attempts, now=NOW, jitter=0.5)


@given(st.sampled_from(Stage), st.integers(400, 499) | st.none(), st.integers(1, 20))
def test_only_a_mail_that_was_on_its_way_is_ambiguous(stage: Stage, code: int | None, attempts: int) -> None:
    verdict = judge(stage, code, attempts=attempts)
    assert verdict.status == ("ambiguous" if code is None and stage is Stage.CONTENT else "deferred")


@given(st.sampled_from(Stage), st.integers(500, 599))
def test_a_final_no_is_final(stage: Stage, code: int) -> None:
    assert judge(stage, code).status == ("bounced" if stage is Stage.RECIPIENT else "failed")
    assert judge(stage, code).due_at is None


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("5.1.1 User unknown", True),
        ("5.1.10 Recipient address has null MX", True),
        ("5.1.8 Bad sender", False),
        ("5.7.1 Denied", False),
        ("5.2.2 Mailbox full", False),
        ("no such user", False),
    ],
)
def test_only_a_plain_word_that_the_address_does_not_exist_suppresses_it(text: str, gone: bool) -> None:
    assert judge(Stage.RECIPIENT, 550, text).no_such_address is gone


@given(st.floats(0, 1))
def test_waits_grow_and_come_to_an_end(jitter: float) -> None:
    waits = []
    while (wait := rules.backoff(len(waits) + 1, jitter)) is not None:
        waits.append(wait)
    assert waits == sorted(waits)
    assert waits[0] < timedelta(minutes=1)
    assert timedelta(days=4) <= sum(waits, timedelta()) < timedelta(days=6)


@given(st.text(max_size=400))
def test_one_line_is_one_line(text: str) -> None:
    line = rules.one_line(text, 100)
    assert len(line) <= 100
    assert len((line + "x").splitlines()) == 1
    assert not set(line) & set("\r\n\0\u2028\u2029\u202e\u2066")


@pytest.mark.parametrize("name", ["Alice", "Bob O’Neil-Smith", "José María", "أليس", "Ms. Jane", "李小龍", "Zoë"])
def test_a_persons_name_may_greet_her(name: str) -> None:
    assert rules.greeting_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "http://evil.example",
        "evil.example",
        "Win 1000 now",
        "bob@example.org",
        "Click <here>",
        "A" * 41,
        "Dear customer your account was closed please answer",
        "{{ name }}",
        "",
    ],
)
def test_an_advertisement_is_no_name(name: str) -> None:
    assert rules.greeting_name(name) == ""


@given(st.text(max_size=200))
def test_nothing_clickable_hides_in_a_greeting(text: str) -> None:
    name = rules.greeting_name(text)
    assert not set(name) & set("@/:<>{}&\r\n")
    assert not any(c.isdigit() for c in name)


def test_addresses_of_other_alphabets_travel_as_servers_know_them() -> None:
    assert rules.ascii_address("bob@exämple.org") == "bob@xn--exmple-cua.org"
    assert rules.ascii_address("bób@example.org") == "bób@example.org"
    assert rules.needs_smtputf8("bób@example.org")
    assert not rules.needs_smtputf8("bob@exämple.org")


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("https://chat.example.org", "leadcapture@chat.example.org"),
        ("http://127.0.0.1:8000", "leadcapture@localhost"),
        ("http://[::1]:8000", "leadcapture@localhost"),
    ],
)
def test_a_site_without_a_sender_mails_from_where_people_know_us(url: str, sender: str) -> None:
    assert rules.fallback_sender(url) == sender


@given(st.lists(st.floats(min_value=0, max_value=100), max_size=20))
def test_a_slow_worker_claims_few_mails_and_a_quick_one_never_too_many(lasted: list[float]) -> None:
    limit = rules.FIRST_BATCH
    for seconds in lasted:
        before, limit = limit, rules.next_batch(limit, seconds)
        assert rules.FIRST_BATCH <= limit <= rules.LARGEST_BATCH
        assert limit >= before if seconds < 1 else limit <= before


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        (Answer(Stage.RECIPIENT, None, ""), False),
        (Answer(Stage.COMMAND, 421, "going down"), False),
        (Answer(Stage.SENDER, 452, "no room"), False),
        (Answer(Stage.RECIPIENT, 451, "greylisted"), True),
        (Answer(Stage.CONTENT, 452, "mailbox full"), True),
    ],
)
def test_what_the_server_as_a_whole_does_is_no_mails_fault_and_soon_tried_again(answer: Answer, counts: bool) -> None:
    verdict = rules.judge(answer, attempts=6, now=NOW, jitter=1.0)
    assert (verdict.status, verdict.counts) == ("deferred", counts)
    assert verdict.due_at is not None
    assert counts or verdict.due_at - NOW < timedelta(minutes=2)
