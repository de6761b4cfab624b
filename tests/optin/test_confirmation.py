"""The life of a confirmation: one human act makes it, and nothing else does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from types import SimpleNamespace

import gevent
import pytest
from sqlalchemy import func, select

from leadcapture import db, signing
from leadcapture.errors import Invalid, NotFound
from leadcapture.mail import caps
from leadcapture.mail import operations as mail
from leadcapture.mail.models import Email
from leadcapture.optin import operations as optin
from leadcapture.optin.rules import Expired
from leadcapture.settings import Settings
from tests.optin.conftest import ASK, Asked, code_in, hand_over, mails, stored, token_in, wrong


def refusal(outcome: object) -> str:
    assert isinstance(outcome, Invalid)
    return outcome.code


def all_at_once(work, times: int = 50) -> list:  # type: ignore[no-untyped-def, type-arg]
    """Run it many times at the same moment: as greenlets where one thread writes, as threads on PostgreSQL."""
    if db.current().sqlite:
        greenlets = [gevent.spawn(work) for _ in range(times)]
        gevent.joinall(greenlets, raise_error=True)
        return [greenlet.value for greenlet in greenlets]
    with ThreadPoolExecutor(max_workers=12) as pool:
        return [future.result() for future in [pool.submit(work) for _ in range(times)]]


def test_asking_mails_a_link_and_a_code_and_stores_neither_readably(everybody: SimpleNamespace, ask: Asked) -> None:
    asked = ask()
    (email,) = mails(asked.public_id)
    row = stored(asked.public_id)
    assert email.to_email == "Alice@example.org"
    assert email.to_name == "Alice"
    assert signing.verify("confirm", token_in(email)) == asked.public_id
    assert code_in(email) not in row.code_digest
    assert (row.status, row.mails, row.email_id, row.email_key) == ("pending", 1, email.id, "alice@example.org")
    assert row.expires_at - row.requested_at == timedelta(days=7)


def test_fifty_presses_at_once_confirm_once(everybody: SimpleNamespace, ask: Asked, now: datetime) -> None:
    asked = ask()
    outcomes = all_at_once(lambda: db.write(optin.redeem, now, public_id=asked.public_id))
    assert [outcome.first for outcome in outcomes].count(True) == 1
    assert {outcome.confirmation.status for outcome in outcomes} == {"confirmed"}
    row = stored(asked.public_id)
    assert (row.method, row.confirmed_at) == ("button", now)


def test_pressing_again_much_later_is_the_same_success(everybody: SimpleNamespace, ask: Asked, now: datetime) -> None:
    asked = ask()
    db.write(optin.redeem, now, public_id=asked.public_id)
    again = db.write(optin.redeem, now + timedelta(days=400), public_id=asked.public_id)
    assert not again.first
    assert again.confirmation.confirmed_at == now


def test_the_code_confirms_once_however_it_is_typed(everybody: SimpleNamespace, ask: Asked, now: datetime) -> None:
    asked = ask()
    code = code_in(mails(asked.public_id)[0])
    arabic = code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    first = db.write(optin.redeem_code, now, public_id=asked.public_id, code=f" {arabic[:3]}-{arabic[3:]} ")
    again = db.write(optin.redeem_code, now, public_id=asked.public_id, code=code)
    assert isinstance(first, optin.Redeemed)
    assert isinstance(again, optin.Redeemed)
    assert (first.first, again.first) == (True, False)
    assert stored(asked.public_id).method == "code"


def test_five_wrong_codes_end_the_guessing_even_for_the_right_one(
    everybody: SimpleNamespace, ask: Asked, now: datetime
) -> None:
    asked = ask()
    code = code_in(mails(asked.public_id)[0])
    guesses = [db.write(optin.redeem_code, now, public_id=asked.public_id, code=wrong(code)) for _ in range(6)]
    assert [refusal(guess) for guess in guesses] == ["wrong_code"] * 5 + ["too_many_tries"]
    assert refusal(db.write(optin.redeem_code, now, public_id=asked.public_id, code=code)) == "too_many_tries"
    # The link of the same mail still works: whoever has it has the mailbox.
    assert db.write(optin.redeem, now, public_id=asked.public_id).first


def test_fifty_guesses_at_once_are_still_five(everybody: SimpleNamespace, ask: Asked, now: datetime) -> None:
    asked = ask()
    guess = wrong(code_in(mails(asked.public_id)[0]))
    outcomes = all_at_once(lambda: db.write(optin.redeem_code, now, public_id=asked.public_id, code=guess))
    codes = [refusal(outcome) for outcome in outcomes]
    assert (codes.count("wrong_code"), codes.count("too_many_tries")) == (5, 45)
    assert stored(asked.public_id).code_tries == 5


@pytest.mark.parametrize("code", ["", "0", "abcdef", "1234567", "²³¹²³¹", "١٢٣", "\0" * 6])
def test_nonsense_is_a_wrong_code(people: SimpleNamespace, ask: Asked, now: datetime, code: str) -> None:
    asked = ask()
    assert refusal(db.write(optin.redeem_code, now, public_id=asked.public_id, code=code)) == "wrong_code"


def test_a_new_mail_brings_a_new_code_the_same_link_and_three_are_the_most(
    everybody: SimpleNamespace, ask: Asked, now: datetime
) -> None:
    asked = ask()
    (first,) = mails(asked.public_id)
    db.write(hand_over, now, asked.public_id)
    later = now + timedelta(days=6)
    for number in range(4):
        made = db.write(optin.resend, later, public_id=asked.public_id, site=everybody.site, **ASK)
        assert made is (number < 2)
        db.write(hand_over, later, asked.public_id)
    *_, newest = sent = mails(asked.public_id)
    assert len(sent) == 3
    assert signing.verify("confirm", token_in(newest)) == signing.verify("confirm", token_in(first))
    assert refusal(db.write(optin.redeem_code, later, public_id=asked.public_id, code=code_in(first))) == "wrong_code"
    # Every mail says that it works for seven days: counted from the newest.
    last_day = later + timedelta(days=6)
    assert isinstance(
        db.write(optin.redeem_code, last_day, public_id=asked.public_id, code=code_in(newest)), optin.Redeemed
    )
    assert not db.write(optin.resend, last_day, public_id=asked.public_id, site=everybody.site, **ASK)


def test_asking_again_while_a_mail_waits_makes_no_second_one_and_buys_no_guess(
    everybody: SimpleNamespace, ask: Asked, now: datetime
) -> None:
    asked = ask()
    (waiting,) = mails(asked.public_id)
    wish = {"public_id": asked.public_id, "site": everybody.site, **ASK}
    for _ in range(5):
        assert refusal(db.write(optin.redeem_code, now, public_id=asked.public_id, code=wrong(code_in(waiting))))
        assert db.write(optin.resend, now, **wish)
    assert [email.public_id for email in mails(asked.public_id)] == [waiting.public_id]
    outcome = db.write(optin.redeem_code, now, public_id=asked.public_id, code=code_in(waiting))
    assert refusal(outcome) == "too_many_tries"


def test_fifty_wishes_for_a_new_mail_at_once_make_one(everybody: SimpleNamespace, ask: Asked, now: datetime) -> None:
    asked = ask()
    db.write(hand_over, now, asked.public_id)
    wish = {"public_id": asked.public_id, "site": everybody.site, **ASK}
    outcomes = all_at_once(lambda: db.write(optin.resend, now, **wish))
    assert outcomes.count(True) == 50
    assert len(mails(asked.public_id)) == 2


def test_without_a_mail_there_is_no_code_to_guess(everybody: SimpleNamespace, ask: Asked, now: datetime) -> None:
    caps.configure(Settings({"MAIL_PER_ADDRESS": "1/day"}))
    ask()
    capped = ask()
    db.write(mail.suppress, now, site_id=everybody.site.id, email_key="bob@example.org", reason="bounce")
    suppressed = ask("bob@example.org")
    assert mails(capped.public_id) == []
    assert [email.status for email in mails(suppressed.public_id)] == ["suppressed"]
    for asked in (capped, suppressed):
        assert stored(asked.public_id).code_digest == ""
        for guess in ("", "000000"):
            outcome = db.write(optin.redeem_code, now, public_id=asked.public_id, code=guess)
            assert refusal(outcome) == "wrong_code"
    wish = {"public_id": capped.public_id, "site": everybody.site, **ASK}
    assert not db.write(optin.resend, now, **wish)
    assert db.write(optin.resend, now + timedelta(days=1), **wish)
    assert len(mails(capped.public_id)) == 1


def test_what_nobody_confirmed_in_its_days_is_over_and_erased(
    everybody: SimpleNamespace, ask: Asked, now: datetime
) -> None:
    asked, kept, confirmed = ask(), ask(days=30), ask()
    code = code_in(mails(asked.public_id)[0])
    db.write(optin.redeem, now, public_id=confirmed.public_id)
    over = now + timedelta(days=7)
    with pytest.raises(Expired):
        db.write(optin.redeem, over, public_id=asked.public_id)
    assert refusal(db.write(optin.redeem_code, over, public_id=asked.public_id, code=code)) == "expired"
    assert db.write(optin.expire_due, over) == [asked.id]
    assert db.write(optin.expire_due, over) == []
    row = stored(asked.public_id)
    assert (row.status, row.email, row.email_key, row.code_digest) == ("expired", "", "", "")
    with db.read() as session:
        left = session.scalars(select(Email.about).order_by(Email.id)).all()
        assert left == [kept.public_id, confirmed.public_id]
    with pytest.raises(Expired):
        db.write(optin.redeem, over, public_id=asked.public_id)
    assert refusal(db.write(optin.redeem_code, over, public_id=asked.public_id, code=code)) == "expired"
    assert not db.write(optin.resend, over, public_id=asked.public_id, site=everybody.site, **ASK)


def test_a_million_old_requests_are_ended_piece_by_piece(people: SimpleNamespace, ask: Asked, now: datetime) -> None:
    ids = {ask(f"bob{number}@example.org").id for number in range(7)}
    over = now + timedelta(days=8)
    pieces = [db.write(optin.expire_due, over, limit=3) for _ in range(4)]
    assert [len(piece) for piece in pieces] == [3, 3, 1, 0]
    assert {each for piece in pieces for each in piece} == ids


def test_an_unknown_confirmation_is_not_found(people: SimpleNamespace, now: datetime) -> None:
    with pytest.raises(NotFound):
        db.write(optin.redeem, now, public_id="cnf_unknown")
    with pytest.raises(NotFound):
        db.write(optin.redeem_code, now, public_id="cnf_unknown", code="123456")


def test_an_advertisement_for_a_name_is_not_mailed_to_strangers(people: SimpleNamespace, ask: Asked) -> None:
    asked = ask(name="Win at evil.example now")
    (email,) = mails(asked.public_id)
    assert "evil" not in email.text + email.html + email.subject + email.to_name


def test_a_mail_that_cannot_be_written_leaves_no_confirmation(people: SimpleNamespace, ask: Asked) -> None:
    with pytest.raises(Exception, match="lacks a value"):
        ask(values={"statements": []})
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(optin.Confirmation)) == 0
