"""The life of a contest: nobody enters twice, nothing happens twice, and nothing secret is shown too early."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.datastructures import MultiDict

from leadcapture import addresses, clock, db
from leadcapture.consent import operations as consent
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict, Invalid, LeadCaptureError
from leadcapture.forms import checking, intake
from leadcapture.forms import operations as forms
from leadcapture.forms.fields import local_of
from leadcapture.forms.kinds.contest import draw, due, operations, queries
from leadcapture.forms.kinds.contest.models import Contest, Entry, Tally
from leadcapture.forms.models import Form
from leadcapture.mail.models import Email
from leadcapture.optin.models import Confirmation
from tests.conftest import add_people

from .test_contest_draw import run_script

MAILS = intake.MailSettings(public_url="http://127.0.0.1:8000", days=7)
PRIZES = [
    {"id": "prize1", "name": {"en": "A chair", "ar": "كرسي"}, "count": 1},
    {"id": "prize2", "name": {"en": "A cup"}, "count": 2},
]


@dataclass
class Fair:
    """A contest of the site, and what people do with it."""

    people: SimpleNamespace
    form: Form

    @property
    def path(self) -> str:
        return f"/f/{self.people.site.key}/{self.form.slug}"

    @property
    def contest(self) -> Contest:
        with db.read() as session:
            return session.scalars(select(Contest).where(Contest.form_id == self.form.id)).one()

    def send(self, address: str, name: str = "", at: datetime | None = None) -> str:
        """Fill in the form; the public id of the submission."""
        now = at or clock.now()
        fields = MultiDict([("email", address), ("name", name), ("consent", "contest")])
        with db.read() as session:
            checked = checking.check(session, now, form=self.form, site=self.people.site, fields=fields, language="en")
        return db.write(intake.accept, now, checked, intake.Evidence(), mails=MAILS)[0]

    def confirm(self, submission: str, at: datetime | None = None) -> dict[str, Any]:
        """Press the button of the mail; what is then shown."""
        with db.read() as session:
            sent = intake.queries.submission(session, submission)
            confirmation = session.get_one(Confirmation, sent.confirmation_id).public_id
        return db.write(intake.confirm, at or clock.now(), confirmation=confirmation).result

    def enter(self, address: str, name: str = "", at: datetime | None = None) -> dict[str, Any]:
        return self.confirm(self.send(address, name, at), at)

    def close(self) -> None:
        """Let the closing time pass, and the job run."""
        self.set(closes_at=clock.now() - timedelta(seconds=1))
        due.run(clock.now())

    def set(self, **values: Any) -> None:
        db.write(lambda session: session.execute(update(Contest).values(**values)))

    def draw(self, **given: str) -> Contest:
        site_id = self.people.site.id
        return db.write(operations.draw_winners, clock.now(), site_id=site_id, public_id=self.form.public_id, **given)

    def disqualify(self, rank: int, reason: str = "Works for us.") -> None:
        db.write(
            operations.disqualify,
            clock.now(),
            site_id=self.people.site.id,
            public_id=self.form.public_id,
            rank=rank,
            reason=reason,
        )

    def record(self) -> dict[str, Any]:
        with db.read() as session:
            contest, form = queries.by_public_id(session, self.people.site.id, self.form.public_id)
            return json.loads(json.dumps(queries.published(session, clock.now(), contest, form)))

    def save(self, **values: Any) -> None:
        """As the owner's editor saves."""
        form = db.write(
            forms.update,
            clock.now(),
            site_id=self.people.site.id,
            public_id=self.form.public_id,
            language="en",
            values=values,
        )
        self.form = form


def begin(people: SimpleNamespace, *, publish: bool = True, **settings: Any) -> Fair:
    now = clock.now()
    closes = local_of(now + timedelta(days=2), people.site.timezone).strftime("%Y-%m-%dT%H:%M")
    given = {"closes": closes, "prizes": PRIZES, "alternates": 2, **settings}
    form = db.write(forms.create, now, site_id=people.site.id, kind="contest", slug="contest", settings=given)
    if publish:
        form = db.write(forms.publish, now, site_id=people.site.id, public_id=form.public_id)
    return Fair(people, form)


@pytest.fixture
def contest(app, people) -> Callable[..., Fair]:
    """Makes a contest, published unless told not to."""
    return lambda **settings: begin(people, **settings)


def letters(address: str) -> list[Email]:
    """The mails to an address but for confirmations, oldest first."""
    with db.read() as session:
        return list(
            session.scalars(
                select(Email).where(Email.to_email == address, Email.name != "confirmation").order_by(Email.id)
            )
        )


def attached(email: Email) -> Any:
    return json.loads(email.attachments[0]["content"])


# ---- promising ------------------------------------------------------------------------------------------------------


def test_a_contest_is_committed_before_anybody_can_enter_and_its_seed_stays_secret(contest, client) -> None:
    fair = contest(opens="2999-01-01T10:00", closes="2999-02-01T10:00")
    seed = fair.contest.seed
    assert draw.commitment_of(bytes.fromhex(seed)) == fair.contest.commitment
    page, record = client.get(f"{fair.path}/draw").text, client.get(f"{fair.path}/draw.json")
    assert fair.contest.commitment in page
    assert record.json["commitment"] == fair.contest.commitment
    assert record.json["state"] == "committed"
    fair.set(opens_at=None)
    fair.enter("dora@example.net")
    fair.close()
    for path in ("", "/rules", "/draw", "/draw.json"):
        assert seed not in client.get(fair.path + path).text
    with db.read() as session:
        for table in (Email.__table__, Form.__table__):
            assert seed not in str(session.execute(select(table)).all())
    fair.draw()
    assert client.get(f"{fair.path}/draw.json").json["seed"] == seed


def test_two_contests_have_two_seeds(contest, people) -> None:
    first = contest()
    copy = db.write(forms.duplicate, clock.now(), site_id=people.site.id, public_id=first.form.public_id)
    with db.read() as session:
        seeds = set(session.scalars(select(Contest.seed)))
        assert queries.of_form(session, copy.id).opened_at is None
    assert len(seeds) == 2


def test_a_contest_without_closing_or_prize_is_not_published(contest, people) -> None:
    fair = contest(publish=False, closes="", prizes=[])
    with pytest.raises(Conflict) as refused:
        db.write(forms.publish, clock.now(), site_id=people.site.id, public_id=fair.form.public_id)
    assert "closes" in refused.value.message
    assert "won" in refused.value.message
    late = begin_again(people, closes="2020-01-01T10:00")
    with pytest.raises(Conflict, match="past"):
        db.write(forms.publish, clock.now(), site_id=people.site.id, public_id=late.public_id)


def begin_again(people: SimpleNamespace, **settings: Any) -> Form:
    given = {"prizes": PRIZES, **settings}
    return db.write(forms.create, clock.now(), site_id=people.site.id, kind="contest", settings=given)


def test_before_the_opening_the_owner_may_change_everything(contest) -> None:
    fair = contest(opens="2999-01-01T10:00", closes="2999-02-01T10:00")
    commitment = fair.contest.commitment
    fair.save(closes="2999-03-01T10:00", alternates=7)
    assert fair.contest.terms["closes"] == "2999-03-01T10:00:00Z"
    assert (fair.contest.terms["alternates"], fair.contest.commitment) == (7, commitment)


@pytest.mark.parametrize(
    "change",
    [{"closes": "2999-03-01T10:00"}, {"alternates": 9}, {"tags": False}, {"beacon": "The weather"}, {"prizes": []}],
)
def test_after_the_opening_only_texts_change(contest, people, change: dict[str, Any]) -> None:
    fair = contest()
    with pytest.raises(Invalid, match="Texts can still be changed") as refused:
        fair.save(**change)
    assert list(refused.value.fields) == list(change)
    fair.save(title="Another title", rules="Other rules.")
    # What was opened once stays so, even where the owner takes the form away for the change.
    due.run(clock.now())
    db.write(forms.unpublish, clock.now(), site_id=people.site.id, public_id=fair.form.public_id)
    with pytest.raises(Invalid):
        fair.save(**change)


def test_the_rules_say_what_counts_and_when(contest, client) -> None:
    fair = contest(texts={"en": {"rules": "Not for <b>staff</b>.\n\nNo cash."}}, beacon="The lottery of December 24")
    page = client.get(f"{fair.path}/rules").text
    assert "Not for &lt;b&gt;staff" in page
    for words in ("No cash.", "A chair", "2 × <bdi>A cup", "gmail.com", "comes too late", "lottery of December 24"):
        assert words in page
    arabic = client.get(f"{fair.path}/rules?lang=ar").text
    assert 'dir="rtl"' in arabic
    assert "كرسي" in arabic


# ---- entering -------------------------------------------------------------------------------------------------------


def test_who_confirms_takes_part_and_gets_a_receipt_that_holds(contest, client, tmp_path) -> None:
    fair = contest()
    shown = fair.enter("dora@example.net", "Dora")
    receipt = letters("dora@example.net")[0]
    entry = attached(receipt)
    assert "number 1" in shown["text"]
    assert entry["leaf"] in shown["note"].replace(" ", "")
    assert entry["leaf"] in receipt.text
    assert entry["address"] == "dora@example.net"
    assert draw.entry_problems(fair.record(), entry) == []
    assert "path" not in entry
    assert run_script(tmp_path, fair.record(), entry).returncode == 0


def test_one_mailbox_counts_once_however_it_is_written(contest, client) -> None:
    fair = contest()
    fair.enter("anna@gmail.com", "Anna")
    assert fair.enter("Anna@GMail.com")["title"] == "You take part already"
    other = fair.enter("a.nna+again@googlemail.com")
    assert other["title"] == "This mailbox takes part already"
    assert "note" not in other, "the other one might be somebody else"
    assert fair.record()["count"] == 1
    with db.read() as session:
        assert len(session.scalars(select(Contact)).all()) == 2, "both are contacts who have agreed"


def test_an_owner_may_count_every_spelling(contest) -> None:
    fair = contest(tags=False, dotless="")
    for address in ("anna@gmail.com", "a.nna@gmail.com", "anna+x@gmail.com"):
        assert fair.enter(address)["title"] == "You take part"
    assert fair.record()["count"] == 3


def test_what_is_confirmed_after_the_closing_comes_too_late_and_says_so(contest) -> None:
    fair = contest()
    submission = fair.send("dora@example.net")
    fair.close()
    assert fair.confirm(submission)["title"] == "This came too late"
    assert fair.record()["count"] == 0
    with db.read() as session:
        assert session.scalars(select(Contact.status)).one() == "confirmed"


def test_the_closing_time_counts_and_not_the_moment_of_the_job(contest) -> None:
    fair = contest()
    submissions = [fair.send(f"visitor{n}@example.net") for n in range(2)]
    closes = clock.now() - timedelta(seconds=5)
    fair.set(closes_at=closes)
    assert fair.confirm(submissions[0], at=closes - timedelta(microseconds=1))["title"] == "You take part"
    assert fair.confirm(submissions[1], at=closes)["title"] == "This came too late"


def test_a_form_that_has_not_opened_or_has_closed_takes_nothing(contest, client) -> None:
    fair = contest(opens="2999-01-01T10:00", closes="2999-02-01T10:00")
    origin = {"Origin": "https://shop.example.org"}
    path = f"/v1/{fair.people.site.key}/forms/contest"
    fields = {"email": "dora@example.net", "consent": ["contest"]}
    assert "January 1, 2999" in client.get(path, headers=origin).json["closed"]
    assert client.post(path, json=fields, headers=origin).status_code == 409
    fair.set(opens_at=None)
    assert client.get(path, headers=origin).json["closed"] is None
    assert client.post(path, json=fields, headers=origin).status_code == 202
    fair.close()
    refused = client.post(path, json=fields, headers=origin)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "closed")
    fair.draw()
    assert "drawn" in client.get(path, headers=origin).json["closed"]
    page = client.get(fair.path).text
    assert re.search(r'data-lc="closed".*<a href="http[^"]+/draw\?lang=en">See the result</a>', page, re.DOTALL)


def test_the_panel_is_told_prizes_closing_and_rules(contest, client) -> None:
    fair = contest()
    path = f"/v1/{fair.people.site.key}/forms/contest?lang=ar"
    data = client.get(path, headers={"Origin": "https://shop.example.org"}).json["data"]
    assert "كرسي" in str(data["facts"])
    assert data["links"][0]["url"].endswith(f"{fair.path}/rules?lang=ar")


def test_the_newsletter_is_a_box_of_its_own_that_may_stay_empty(contest, client) -> None:
    fair = contest(newsletter=True)
    origin = {"Origin": "https://shop.example.org"}
    described = client.get(f"/v1/{fair.people.site.key}/forms/contest", headers=origin).json
    assert [(one["purpose"], one["required"]) for one in described["consents"]] == [
        ("contest", True),
        ("newsletter", False),
    ]
    refused = client.post(described_path(fair), json={"email": "dora@example.net"}, headers=origin)
    assert "consent" in refused.json["error"]["fields"]
    assert fair.enter("dora@example.net")["title"] == "You take part"


def described_path(fair: Fair) -> str:
    return f"/v1/{fair.people.site.key}/forms/contest"


def test_winners_names_are_published_only_where_people_agreed_to_it(contest, client) -> None:
    fair = contest(names=True)
    described = client.get(described_path(fair), headers={"Origin": "https://shop.example.org"}).json
    assert "first name and the initial" in described["consent"]["statement"]
    fair.enter("dora@example.net", "Dora Muster")
    fair.close()
    fair.draw()
    page = client.get(f"{fair.path}/draw").text
    assert "Dora M." in page
    for secret in ("Muster", "dora@example.net"):
        assert secret not in page
        assert secret not in client.get(f"{fair.path}/draw.json").text


# ---- closing and drawing --------------------------------------------------------------------------------------------


def test_from_the_entries_to_a_draw_that_the_script_confirms(contest, client, tmp_path) -> None:
    fair = contest(texts={"en": {"title": "Win a chair"}})
    people = {f"visitor{n}@example.net": f"Visitor {n}" for n in range(12)}
    for address, name in people.items():
        fair.enter(address, name)
    assert "entries" not in fair.record()
    assert "root" not in fair.record()
    fair.close()
    fair.close()
    record = fair.record()
    assert (record["state"], record["count"], len(record["entries"])) == ("closed", 12, 12)
    assert "seed" not in record
    assert draw.problems(record) == []
    for address in people:
        receipt, proof = letters(address)
        assert "proves it" in proof.text
        assert attached(proof)["path"][0] in proof.text
        assert draw.entry_problems(record, attached(receipt)) == []
        assert draw.entry_problems(record, attached(proof)) == []

    fair.draw()
    published = client.get(f"{fair.path}/draw.json").json
    script = client.get(f"{fair.path}/draw/verify_draw.py")
    assert "attachment" in script.headers["Content-Disposition"]
    (tmp_path / "draw.json").write_text(json.dumps(published))
    (tmp_path / "verify_draw.py").write_bytes(script.data)
    (tmp_path / "entry.json").write_text(proof.attachments[0]["content"])
    checked = subprocess.run(
        [sys.executable, "-I", "verify_draw.py", "draw.json", "entry.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    # Winners and owner know; nobody else is told anything more.
    with db.read() as session:
        leaf_of = {entry.address: entry.leaf for entry in session.scalars(select(Entry))}
    winners = {address for address, leaf in leaf_of.items() if leaf in str(published["winners"])}
    assert len(winners) == 3
    for address in people:
        assert len(letters(address)) == (3 if address in winners else 2)
    owner = letters("alice@example.org")[-1]
    assert all(address in owner.text for address in winners)
    page = client.get(f"{fair.path}/draw").text
    assert published["seed"] in page
    assert all(leaf_of[address] in page for address in winners)
    assert "@example.net" not in page
    assert "Visitor" not in page


def test_a_contest_nobody_entered_is_drawn_without_winners(contest, client, tmp_path) -> None:
    fair = contest()
    due.run(clock.now())
    fair.close()
    fair.draw()
    record = fair.record()
    assert (record["count"], record["winners"], record["alternates"]) == (0, [], [])
    assert run_script(tmp_path, record).returncode == 0
    assert "Nobody took part" in client.get(f"{fair.path}/draw").text


def test_the_first_look_after_the_closing_freezes_the_list(contest, client) -> None:
    fair = contest()
    fair.enter("dora@example.net")
    fair.set(closes_at=clock.now() - timedelta(seconds=1))
    assert client.get(f"{fair.path}/draw.json").json["state"] == "closed"


def test_nothing_is_drawn_before_the_closing_nor_twice(contest) -> None:
    fair = contest()
    fair.enter("dora@example.net")
    with pytest.raises(Conflict, match="still open"):
        fair.draw()
    fair.close()
    first = fair.draw()
    with pytest.raises(Conflict, match="already"):
        fair.draw()
    assert fair.contest.drawn_at == first.drawn_at
    assert len(letters("dora@example.net")) == 3


def test_a_public_value_is_asked_for_where_the_rules_name_one(contest, client, tmp_path) -> None:
    fair = contest(beacon="The lottery of December 24")
    for n in range(5):
        fair.enter(f"visitor{n}@example.net")
    fair.close()
    with pytest.raises(Invalid):
        fair.draw()
    assert fair.contest.state == "closed"
    fair.draw(beacon="  4  8 15 16 23 42 ")
    record = fair.record()
    assert record["beacon"] == "4 8 15 16 23 42"
    assert run_script(tmp_path, record).returncode == 0
    assert "4 8 15 16 23 42" in client.get(f"{fair.path}/draw").text


def test_a_public_value_that_nobody_was_told_of_is_refused(contest) -> None:
    fair = contest()
    due.run(clock.now())
    fair.close()
    with pytest.raises(Invalid, match="name no public value"):
        fair.draw(beacon="7")


def test_a_disqualified_winner_is_followed_by_the_next_and_the_reason_is_published(contest, client, tmp_path) -> None:
    fair = contest()
    for n in range(8):
        fair.enter(f"visitor{n}@example.net")
    fair.close()
    fair.draw()
    before = fair.record()
    with pytest.raises(Invalid):
        fair.disqualify(0, "  ")
    fair.disqualify(0, "Works for the\nshop <b>.")
    after = fair.record()
    assert [one["rank"] for one in after["winners"]] == [3, 1, 2]
    assert after["winners"][1:] == before["winners"][1:]
    assert after["winners"][0]["leaf"] == before["alternates"][0]["leaf"]
    assert [one["rank"] for one in after["alternates"]] == [4, 5]
    assert run_script(tmp_path, after).returncode == 0
    page = client.get(f"{fair.path}/draw").text
    assert "Works for the shop &lt;b&gt;." in page
    with db.read() as session:
        risen = session.scalars(select(Entry.address).where(Entry.leaf == after["winners"][0]["leaf"])).one()
    assert "You have won" in letters(risen)[-1].subject
    with pytest.raises(Conflict):
        fair.disqualify(0)
    fair.disqualify(4)
    assert [one["rank"] for one in fair.record()["alternates"]] == [5, 6]


def test_who_is_erased_leaves_nothing_behind_that_leads_to_them(contest, client, tmp_path) -> None:
    fair = contest()
    for n in range(4):
        fair.enter(f"visitor{n}@example.net")
    erase("visitor0@example.net")
    assert fair.record()["count"] == 3, "before the closing the entry goes"
    fair.close()
    fair.draw()
    erase("visitor1@example.net")
    record = fair.record()
    assert record["count"] == 3
    assert run_script(tmp_path, record).returncode == 0, "the frozen list stays as it was"
    with db.read() as session:
        assert "visitor1" not in str(session.execute(select(Entry.__table__)).all())
        gone = session.scalars(select(Entry).where(Entry.address.is_(None))).one()
        assert (gone.contact_id, gone.salt) == (None, None)
    assert client.get(f"{fair.path}/draw").status_code == 200


def test_who_withdraws_takes_part_no_more_and_is_not_mailed(contest) -> None:
    fair = contest(newsletter=True)
    for n in range(3):
        fair.enter(f"visitor{n}@example.net")
    withdraw("visitor0@example.net")
    fair.close()
    assert fair.record()["count"] == 2
    assert len(letters("visitor0@example.net")) == 1, "the receipt alone"
    withdraw("visitor1@example.net")
    fair.draw()
    assert len(fair.record()["winners"]) == 2
    assert len(letters("visitor1@example.net")) == 2, "receipt and proof"
    assert len(letters("visitor2@example.net")) == 3


def withdraw(address: str) -> None:
    with db.read() as session:
        contact = session.scalars(select(Contact).where(Contact.email == address)).one()
    db.write(consent.withdraw, clock.now(), contact=contact, purpose="contest", method="preferences")


def erase(address: str) -> None:
    with db.read() as session:
        contact_id = session.scalars(select(Contact.id).where(Contact.email == address)).one()
    db.write(operations.forget, clock.now(), contact_id)


def test_the_growth_is_noted_once_an_hour(contest) -> None:
    fair = contest()
    now = clock.now().replace(minute=5)
    fair.enter("visitor0@example.net")
    due.run(now)
    fair.enter("visitor1@example.net")
    due.run(now + timedelta(minutes=10))
    due.run(now + timedelta(hours=1))
    with db.read() as session:
        assert [tally.count for tally in session.scalars(select(Tally).order_by(Tally.hour))] == [1, 2]
    assert [number for _hour, number in fair.record()["growth"]] == [1, 2]


# ---- at the same moment ----------------------------------------------------------------------------------------------


def outcome_of(act: Callable[[], Any]) -> str:
    try:
        act()
    except LeadCaptureError as error:
        return error.code
    return "done"


def together(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each returned, all done at the same moment: by greenlets where one thread writes, else by threads."""
    if db.current().sqlite:
        done = [gevent.spawn(act) for act in acts]
        gevent.joinall(done, raise_error=True)
        return [one.value for one in done]
    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(lambda act: act(), acts))


def test_many_clicks_freeze_and_draw_once(either_database, settings) -> None:
    fair = begin(db.write(add_people, clock.now()))
    for n in range(3):
        fair.enter(f"visitor{n}@example.net")
    fair.set(closes_at=clock.now() - timedelta(seconds=1))
    now, contest_id = clock.now(), fair.contest.id
    frozen = together([lambda: db.write(operations.freeze, now, contest_id=contest_id)] * 4)
    assert sorted(frozen) == [False, False, False, True]
    assert sorted(together([lambda: outcome_of(fair.draw)] * 4)) == ["done", "drawn", "drawn", "drawn"]
    together([lambda: due.run(clock.now())] * 3)
    for n in range(3):
        assert len(letters(f"visitor{n}@example.net")) == 3, "receipt, proof, prize: one of each"
    assert sorted(together([lambda: outcome_of(lambda: fair.disqualify(0))] * 3)) == ["conflict", "conflict", "done"]
    assert draw.problems(fair.record()) == []


def test_one_mailbox_confirmed_at_the_same_moment_is_one_entry(either_database, settings) -> None:
    fair = begin(db.write(add_people, clock.now()))
    submissions = [fair.send(f"anna+{n}@example.net") for n in range(5)]
    shown = together([lambda s=s: fair.confirm(s) for s in submissions])
    assert sorted(one["title"] for one in shown) == ["This mailbox takes part already"] * 4 + ["You take part"]
    assert fair.record()["count"] == 1


def test_no_entry_slips_past_the_list_that_is_being_frozen(either_database, settings) -> None:
    fair = begin(db.write(add_people, clock.now()))
    submissions = [fair.send(f"visitor{n}@example.net") for n in range(8)]
    closes, contest_id = clock.now(), fair.contest.id
    fair.set(closes_at=closes)
    acts: list[Callable[[], Any]] = [
        lambda s=s: fair.confirm(s, at=closes - timedelta(milliseconds=1)) for s in submissions
    ]
    acts.insert(4, lambda: db.write(operations.freeze, closes, contest_id=contest_id))
    shown = together(acts)
    record = fair.record()
    entered = [one for one in shown if isinstance(one, dict) and one["title"] == "You take part"]
    assert record["count"] == len(entered) == len(record["entries"])
    assert draw.problems(record) == []


# ---- pages and people ------------------------------------------------------------------------------------------------


def test_the_entrants_page_shows_the_receipt_and_later_the_proof(contest, client) -> None:
    fair = contest()
    shown = fair.enter("dora@example.net")
    for n in range(4):
        fair.enter(f"visitor{n}@example.net")
    path = re.sub(r"^https?://[^/]+", "", shown["links"][0]["url"])
    page = client.get(path)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert attached(letters("dora@example.net")[0])["leaf"] in page.text
    receipt = client.get(f"{path}/entry.json").json
    assert "path" not in receipt
    fair.close()
    proof = client.get(f"{path}/entry.json").json
    assert proof["path"]
    assert draw.entry_problems(fair.record(), proof) == []
    assert "holds the proof" in client.get(path).text
    assert client.get(f"{fair.path}/entry/nonsense").status_code == 404
    other = fair.path.replace(fair.people.site.key, fair.people.other_site.key)
    assert client.get(f"{other}/entry/{path.rpartition('/')[2]}").status_code == 404
    erase("dora@example.net")
    assert client.get(path).status_code == 404


def test_a_contest_that_was_never_published_has_no_pages(contest, client, people) -> None:
    fair = contest(publish=False)
    for rest in ("rules", "draw", "draw.json", "draw/verify_draw.py"):
        assert client.get(f"{fair.path}/{rest}").status_code == 404
    db.write(forms.create, clock.now(), site_id=people.site.id, kind="subscription", slug="news")
    assert client.get(f"/f/{people.site.key}/news/draw").status_code == 404


def test_the_record_stays_public_when_the_form_is_taken_away(contest, client, people) -> None:
    fair = contest()
    fair.enter("dora@example.net")
    fair.close()
    fair.draw()
    db.write(forms.unpublish, clock.now(), site_id=people.site.id, public_id=fair.form.public_id)
    assert client.get(f"{fair.path}/draw.json").json["state"] == "drawn"


@pytest.fixture
def signed(app, people) -> Callable[[str], FlaskClient]:
    def make(name: str) -> FlaskClient:
        client, operator = app.test_client(), getattr(people, name)
        with client.session_transaction() as cookie:
            cookie["operator"], cookie["epoch"] = operator.public_id, operator.session_epoch
        return client

    return make


def post(client: FlaskClient, path: str, **fields: str) -> Any:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/console/account").text)
    return client.post(path, data={"csrf_token": found[1] if found else "", **fields})


def test_the_owner_draws_and_disqualifies_in_the_console(contest, signed) -> None:
    fair = contest(beacon="The weather of New Year")
    for n in range(6):
        fair.enter(f"visitor{n}@example.net", "<b>Hostile")
    alice, path = signed("alice"), f"/console/forms/{fair.form.public_id}/contest"
    assert "Yes, draw now" not in alice.get(path).text
    assert post(alice, f"{path}/draw", beacon="rain").status_code == 302
    assert "still open" in alice.get(path).text
    fair.set(closes_at=clock.now() - timedelta(seconds=1))
    assert "Yes, draw now" in alice.get(path).text
    assert fair.contest.seed not in alice.get(path).text, "not even the owner sees it early"
    assert post(alice, f"{path}/draw").status_code == 422
    assert post(alice, f"{path}/draw", beacon="rain").status_code == 302
    page = alice.get(path).text
    assert "@example.net" in page
    assert "<b>Hostile" not in page
    assert post(alice, f"{path}/disqualify", rank="1", reason="Under age.").status_code == 302
    assert "Under age." in alice.get(path).text
    assert post(alice, f"{path}/disqualify", rank="x", reason="?").status_code == 302
    assert len(fair.record()["disqualified"]) == 1


ROUTES = [("GET", ""), ("POST", "/draw"), ("POST", "/disqualify")]


@pytest.mark.parametrize(("method", "rest"), ROUTES)
def test_the_owners_pages_are_for_the_sites_owners_alone(contest, signed, client, method: str, rest: str) -> None:
    fair = contest()
    fair.enter("dora@example.net")
    fair.close()
    path = f"/console/forms/{fair.form.public_id}/contest{rest}"

    def ask(who: FlaskClient) -> int:
        return (who.get(path) if method == "GET" else post(who, path, rank="0", reason="Mine.")).status_code

    assert ask(signed("charlie")) == 404
    assert ask(signed("bob")) == 403
    stranger = client.open(path, method=method)
    assert stranger.status_code in (302, 400)
    assert "dora" not in stranger.text
    assert fair.contest.state == "closed"
    if method == "POST":
        assert signed("alice").post(path, data={"rank": "0", "reason": "Forged."}).status_code == 400
        assert fair.contest.state == "closed"


def test_the_editor_keeps_times_prizes_and_words(contest, signed, people) -> None:
    fair = contest(publish=False)
    page = signed("alice").get(f"/console/forms/{fair.form.public_id}")
    assert page.status_code == 200
    assert f'value="{fair.form.settings["closes"]}"' in page.text
    assert "A chair" in page.text
    with db.read() as session:
        assert addresses.parse("alice@example.org").key
        editor = forms.editor(session.get_one(Form, fair.form.id), people.site, "ar")
    assert editor["prizes"].entries[0].form.name.data == "كرسي"
    refused = forms.editor(
        fair.form, people.site, "en", MultiDict({"opens": "2026-12-02T10:00", "closes": "2026-12-01T10:00"})
    )
    assert not refused.validate()
    assert refused.errors["closes"]
