"""Coupons: who gets a code, what the owner sets and sees, what the shop's checkout is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.datastructures import MultiDict

from leadcapture import clock, db, ratelimit
from leadcapture.errors import Conflict, Invalid
from leadcapture.forms import operations as forms
from leadcapture.forms.kinds.coupon import operations, queries
from leadcapture.forms.kinds.coupon.models import CouponClaim, CouponCode, CouponRedemption
from leadcapture.forms.models import Form
from leadcapture.mail.models import Email
from leadcapture.sites import operations as sites
from tests.forms.conftest import Visitor, count

SHARED = {"supply": "shared", "shared_code": "WELCOME10"}
OWN = {"supply": "unique"}


@pytest.fixture
def claim(visitor: Visitor, confirm: Callable[[str], Any]) -> Callable[..., dict[str, Any]]:
    """Fills in the form and confirms; what the panel that is still open is told."""

    def fill(address: str = "dora@example.net", slug: str = "coupon") -> dict[str, Any]:
        sent = visitor.send(slug, email=address)
        assert sent.status_code == 202, sent.json
        assert confirm(address).status_code == 200
        state: dict[str, Any] = visitor.state(sent).json
        assert state["status"] == "confirmed"
        return state["result"]

    return fill


def add(form: Form, *codes: str) -> None:
    db.write(operations.add_codes, clock.now(), site_id=form.site_id, form_public_id=form.public_id, codes=list(codes))


def void_all(form: Form) -> None:
    db.write(lambda session: session.execute(update(CouponCode).values(voided_at=clock.now())))


def stock(form: Form) -> queries.Counts:
    with db.read() as session:
        return queries.counts(session, form.id)


def change(form: Form, **values: Any) -> None:
    """Set the form's settings anew, as its owner does."""
    with db.read() as session:
        fresh = session.get_one(Form, form.id)
    db.write(
        forms.update, clock.now(), site_id=form.site_id, public_id=form.public_id, values={**fresh.settings, **values}
    )


class TestGetting:
    def test_the_code_comes_after_the_confirmation_in_the_open_panel_and_by_mail(
        self, make_form, visitor: Visitor, confirm, letters
    ) -> None:
        make_form("coupon", **SHARED, texts={"en": {"how": "Tell us at the till."}})
        sent = visitor.send("coupon", email="dora@example.net")
        assert visitor.state(sent).json == {"status": "pending", "result": None}
        assert letters("dora@example.net") == [], "nothing is given before the address is confirmed"

        page = confirm("dora@example.net")
        assert "WELCOME10" in page.text
        result = visitor.state(sent).json["result"]
        assert result["code"] == "WELCOME10"
        assert result["text"] == "Tell us at the till."
        assert result["rows"][0] == {"label": "Discount", "value": "10%"}
        [letter] = letters("dora@example.net")
        assert "WELCOME10" in letter.text
        assert "WELCOME10" in letter.html
        assert "Demo shop" in letter.subject

    def test_each_person_gets_a_code_of_their_own(self, make_form, claim) -> None:
        form = make_form("coupon", **OWN)
        codes = {claim(f"person{number}@example.net")["code"] for number in range(3)}
        assert len(codes) == 3
        assert (stock(form).free, stock(form).claimed) == (97, 3)

    def test_asking_again_gives_the_same_code_and_costs_nothing(self, make_form, claim, letters) -> None:
        form = make_form("coupon", **OWN)
        first, again = claim(), claim()
        assert again["code"] == first["code"]
        assert "same one" in again["note"]
        assert stock(form).claimed == 1
        assert all(first["code"] in letter.text for letter in letters("dora@example.net"))

    def test_the_owner_may_allow_more_than_one(self, make_form, claim) -> None:
        make_form("coupon", **OWN, per_contact=2)
        first, second, third = claim(), claim(), claim()
        assert first["code"] != second["code"]
        assert third["code"] == second["code"]

    def test_when_the_last_code_went_in_between_it_is_said_and_no_code_is_shown(
        self, make_form, visitor: Visitor, claim, confirm, letters
    ) -> None:
        form = make_form("coupon", **OWN)
        late = visitor.send("coupon", email="late@example.net")
        void_all(form)
        page = confirm("late@example.net")
        result = visitor.state(late).json["result"]
        assert "code" not in result
        assert "no code left" in result["title"]
        assert "You got no code" in page.text
        assert letters("late@example.net") == []

    def test_a_form_without_codes_takes_nothing(self, make_form, visitor: Visitor) -> None:
        form = make_form("coupon", **OWN)
        void_all(form)
        assert "given out" in visitor.describe("coupon").json["closed"]
        refused = visitor.send("coupon", email="dora@example.net")
        assert refused.status_code == 409
        assert refused.json["error"]["code"] == "closed"
        assert "given out" in visitor.client.get(f"/f/{visitor.key}/coupon").text
        add(form, "FRESH-1")
        assert visitor.describe("coupon").json["closed"] is None

    def test_a_shared_code_goes_to_so_many_people_and_no_more(self, make_form, claim, visitor: Visitor) -> None:
        make_form("coupon", **SHARED, stock=2)
        late = visitor.send("coupon", email="late@example.net")
        assert [claim(f"person{n}@example.net")["code"] for n in range(2)] == ["WELCOME10"] * 2
        assert visitor.send("coupon", email="later@example.net").json["error"]["code"] == "closed"
        assert late.status_code == 202

    def test_an_offer_that_has_ended_gives_nothing(self, make_form, visitor: Visitor, confirm) -> None:
        form = make_form("coupon", **OWN)
        sent = visitor.send("coupon", email="dora@example.net")
        change(form, valid_until="2026-01-01T00:00")
        assert "ended" in visitor.send("coupon", email="late@example.net").json["error"]["message"]
        confirm("dora@example.net")
        assert "code" not in visitor.state(sent).json["result"]

    def test_how_long_it_holds_is_said_in_words(self, make_form, claim) -> None:
        make_form("coupon", **OWN, valid_days=30, valid_from="2026-01-01T00:00")
        labels = {row["label"]: row["value"] for row in claim()["rows"]}
        assert labels["Good from"] == "January 1, 2026"
        assert labels["Good until"]

    def test_the_newsletter_is_a_box_of_its_own(self, make_form, visitor: Visitor) -> None:
        make_form("coupon", **SHARED, newsletter=True)
        described = visitor.describe("coupon").json
        assert described["notice"]["purpose"] == "coupon"
        assert [(box["purpose"], box["required"]) for box in described["consents"]] == [("newsletter", False)]

    def test_when_a_person_is_erased_their_code_stays_given(self, make_form, claim) -> None:
        form = make_form("coupon", **OWN)
        claim()
        with db.read() as session:
            contact_id = session.scalar(select(CouponClaim.contact_id))
        db.write(operations.forget, clock.now(), contact_id)
        assert count(CouponClaim, CouponClaim.contact_id.is_not(None)) == 0
        assert stock(form).claimed == 1


class TestOwner:
    def test_a_ready_template_makes_its_codes(self, people, now) -> None:
        form = db.write(forms.create, now, site_id=people.site.id, kind="coupon", preset="unique")
        assert stock(form).free == 100

    def test_two_copies_have_codes_of_their_own(self, make_form, people, now) -> None:
        form = make_form("coupon", **OWN)
        copy = db.write(forms.duplicate, now, site_id=people.site.id, public_id=form.public_id)
        assert stock(copy).free == 100

    def test_a_copy_cannot_give_the_same_shared_code_and_says_so(self, make_form, people, now, signed_in) -> None:
        form = make_form("coupon", **SHARED)
        copy = db.write(forms.duplicate, now, site_id=people.site.id, public_id=form.public_id)
        page = signed_in("alice").get(f"/console/forms/{copy.public_id}/codes").text
        assert "Another form of this site has the code WELCOME10 already" in page
        with pytest.raises(Invalid, match="Another form"):
            change(make_form("coupon", slug="third", **{**SHARED, "shared_code": "OTHER"}), shared_code="welcome-10")

    def test_without_a_code_to_give_it_is_not_published(self, make_form, people, now) -> None:
        form = make_form("coupon", publish=False)
        with pytest.raises(Conflict, match="no code to give"):
            db.write(forms.publish, now, site_id=people.site.id, public_id=form.public_id)

    @pytest.mark.parametrize(
        ("wrong", "where"),
        [
            ({"type": "percent", "value": "101"}, "value"),
            ({"value": "0"}, "value"),
            ({"type": "amount", "currency": "XQZ"}, "currency"),
            ({"supply": "shared", "shared_code": ""}, "shared_code"),
            ({"shared_code": "<script>"}, "shared_code"),
            ({"supply": "shared", "shared_code": "A1", "valid_days": "3"}, "valid_days"),
            ({"valid_from": "2026-12-01T10:00", "valid_until": "2026-11-01T10:00"}, "valid_until"),
            ({"per_contact": "0"}, "per_contact"),
        ],
    )
    def test_settings_that_contradict_each_other_are_said_at_the_field(
        self, make_form, people, wrong: dict[str, str], where: str
    ) -> None:
        form = make_form("coupon", **OWN)
        right = {"type": "percent", "value": "10", "currency": "EUR", "supply": "unique", "per_contact": "1"}
        assert forms.editor(form, people.site, "en", MultiDict(right)).validate()
        editor = forms.editor(form, people.site, "en", MultiDict(right | wrong))
        assert not editor.validate()
        assert list(editor.errors) == [where]

    def test_another_shared_code_leaves_the_former_good(self, make_form, claim, checkout) -> None:
        form = make_form("coupon", **SHARED)
        assert claim("one@example.net")["code"] == "WELCOME10"
        change(form, shared_code="SUMMER20")
        assert claim("two@example.net")["code"] == "SUMMER20"
        assert checkout("validate", code="WELCOME10").json["valid"]

    def test_pasted_codes_are_taken_all_or_none(self, make_form, signed_in) -> None:
        form = make_form("coupon", **OWN)
        alice, path = signed_in("alice"), f"/console/forms/{form.public_id}/codes"
        assert alice.post(path, data={"codes": "OURS-1\r\nours-2"}).status_code == 302
        assert stock(form).codes == 102
        for pasted, sentence in [
            ("NEW-1\nnew 1", "more than once: NEW-1"),
            ("NEW-1\nOURS2", "has these already: OURS2"),
            ("NEW-1\n<b>x</b>", "cannot be used"),
            ("", "at least one code"),
        ]:
            refused = alice.post(path, data={"codes": pasted})
            assert refused.status_code == 422
            assert sentence in refused.text
            assert stock(form).codes == 102
        assert "&lt;B&gt;" in alice.post(path, data={"codes": "<b>x</b>"}).text

    def test_a_number_of_codes_is_made(self, make_form, signed_in) -> None:
        form = make_form("coupon", **OWN)
        alice, path = signed_in("alice"), f"/console/forms/{form.public_id}/codes"
        assert alice.post(path, data={"make": "on", "number": "1500"}).status_code == 302
        assert stock(form).free == 1600
        for number in ("0", "-1", "99999999", "many"):
            assert alice.post(path, data={"make": "on", "number": number}).status_code == 422

    def test_the_list_is_paged_and_searched_by_state(self, make_form, signed_in, claim) -> None:
        form = make_form("coupon", **OWN)
        code = claim()["code"]
        alice, path = signed_in("alice"), f"/console/forms/{form.public_id}/codes"
        assert code in alice.get(path).text, "what was given is looked at first"
        first = alice.get(path, query_string={"state": "all"}).text
        assert first.count('<code dir="ltr">') == 50
        assert code not in first, "the oldest is given first"
        older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        assert code in alice.get(older).text
        claimed = alice.get(path, query_string={"state": "claimed"}).text
        assert "dora@example.net" in claimed
        assert claimed.count('<code dir="ltr">') == 1
        assert code in alice.get(path, query_string={"search": code[:4].lower()}).text

    def test_a_withdrawn_code_is_given_to_nobody_and_taken_by_no_order(
        self, make_form, signed_in, claim, checkout
    ) -> None:
        make_form("coupon", **OWN)
        code = claim()["code"]
        with db.read() as session:
            form = session.scalar(select(Form).where(Form.kind == "coupon"))
            public_id = session.scalar(select(CouponCode.public_id).where(CouponCode.code == code))
        signed_in("alice").post(f"/console/forms/{form.public_id}/codes/{public_id}/void")
        assert checkout("redeem", code=code, order="1").json["error"]["code"] == "void"
        assert claim()["code"] != code, "its owner may get another"

    def test_the_file_runs_no_formulas(self, make_form, signed_in, claim, checkout) -> None:
        form = make_form("coupon", **OWN)
        code = claim()["code"]
        checkout("redeem", code=code, order="=HYPERLINK(1)")
        answer = signed_in("alice").get(f"/console/forms/{form.public_id}/codes.csv")
        assert answer.mimetype == "text/csv"
        [row] = [line for line in answer.text.splitlines() if code in line]
        assert "dora@example.net" in row
        assert ",'=HYPERLINK(1)" in row
        assert len(answer.text.splitlines()) == 101

    def test_charlie_and_bob_get_none_of_it(self, make_form, signed_in) -> None:
        form = make_form("coupon", **OWN)
        with db.read() as session:
            code = session.scalar(select(CouponCode.public_id))
        pages = [f"/console/forms/{form.public_id}/codes", f"/console/forms/{form.public_id}/codes.csv"]
        calls = [pages[0], f"{pages[0]}/{code}/void"]
        for name, status in (("charlie", 404), ("bob", 403)):
            browser = signed_in(name)
            assert [browser.get(path).status_code for path in pages] == [status, status]
            assert [browser.post(path, data={"codes": "X1"}).status_code for path in calls] == [status, status]
        assert stock(form).free == 100

    def test_the_page_is_of_coupons_alone(self, visitor, signed_in, make_form) -> None:
        other = make_form("subscription", slug="news")
        assert signed_in("alice").get(f"/console/forms/{other.public_id}/codes").status_code == 404


@pytest.fixture
def checkout(client: FlaskClient, people: SimpleNamespace, now) -> Callable[..., Any]:
    """The shop's checkout: calls the API with alice's token, or with another site's."""
    tokens = {
        site.id: db.write(sites.create_token, now, site_id=site.id, name="checkout")[1]
        for site in (people.site, people.other_site)
    }

    def call(what: str, *, site: Any = None, **fields: Any) -> Any:
        token = tokens[(site or people.site).id]
        return client.post(f"/api/v1/coupons/{what}", json=fields, headers={"Authorization": f"Bearer {token}"})

    return call


class TestCheckout:
    @pytest.fixture
    def code(self, make_form, claim) -> str:
        make_form("coupon", **OWN, valid_days=30)
        return str(claim()["code"])

    def test_a_code_can_be_looked_at_as_often_as_one_likes(self, code: str, checkout) -> None:
        for _time in range(3):
            answer = checkout("validate", code=code.lower().replace("-", " "), amount=4999, currency="EUR").json
            assert answer["valid"] is True
            assert answer["code"] == code
            assert answer["discount"] == {"type": "percent", "value": "10"}
            assert answer["contact"].startswith("con_")
            assert answer["valid_until"].endswith("Z")
            assert answer["off"] == {"minor": 500, "currency": "EUR"}
        assert count(CouponRedemption) == 0

    def test_a_code_can_be_redeemed_once_and_the_same_order_is_told_the_same(self, code: str, checkout) -> None:
        first = checkout("redeem", code=code, order="A-1", amount=4999, currency="EUR")
        assert first.status_code == 200
        assert first.json["redeemed"] is True
        again = checkout("redeem", code=code, order="A-1", amount=1)
        assert again.json == first.json
        other = checkout("redeem", code=code, order="A-2")
        assert other.status_code == 409
        assert other.json["error"]["code"] == "used_up"
        assert checkout("validate", code=code).json["valid"] is False
        assert count(CouponRedemption) == 1

    def test_a_release_gives_it_back_once(self, code: str, checkout) -> None:
        checkout("redeem", code=code, order="A-1")
        first = checkout("release", code=code, order="A-1")
        assert first.json["released"] is True
        assert checkout("release", code=code, order="A-1").json == first.json
        assert checkout("redeem", code=code, order="A-2").status_code == 200
        assert checkout("release", code=code, order="A-1").json == first.json, "an old release frees no other order"
        assert checkout("redeem", code=code, order="A-1").json["error"]["code"] == "used_up"
        assert checkout("release", code=code, order="A-9").json["error"]["code"] == "unknown_order"

    def test_a_released_order_may_redeem_again(self, code: str, checkout) -> None:
        checkout("redeem", code=code, order="A-1")
        checkout("release", code=code, order="A-1")
        assert checkout("redeem", code=code, order="A-1").json["redeemed"] is True
        assert checkout("redeem", code=code, order="A-2").status_code == 409

    def test_a_shared_code_is_used_up_after_its_orders(self, make_form, claim, checkout) -> None:
        make_form("coupon", **SHARED, most_uses=2, type="amount", value="5", currency="EUR")
        answers = [checkout("redeem", code="welcome10", order=order, amount=300) for order in ("1", "2", "1", "3")]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 409]
        assert answers[0].json["discount"] == {"type": "amount", "value": "5.00", "minor": 500, "currency": "EUR"}
        assert answers[0].json["off"] == {"minor": 300, "currency": "EUR"}
        assert answers[0].json["contact"] is None

    def test_a_code_that_was_given_to_nobody_is_unknown(self, make_form, checkout) -> None:
        add(make_form("coupon", **OWN), "GUESSED-1")
        refused = checkout("validate", code="GUESSED-1")
        assert refused.status_code == 404
        assert refused.json["valid"] is False
        assert refused.json["error"]["code"] == "unknown_code"

    def test_codes_of_another_site_are_unknown(self, code: str, checkout, people) -> None:
        for what in ("validate", "redeem", "release"):
            refused = checkout(what, site=people.other_site, code=code, order="A-1")
            assert (refused.status_code, refused.json["error"]["code"]) == (404, "unknown_code")

    def test_before_and_after_its_time_a_code_is_not_taken(self, make_form, checkout) -> None:
        form = make_form("coupon", **SHARED, valid_from="2099-01-01T00:00")
        assert checkout("redeem", code="WELCOME10", order="1").json["error"]["code"] == "not_valid_yet"
        change(form, valid_from=None, valid_until="2026-01-01T00:00")
        assert checkout("redeem", code="WELCOME10", order="1").json["error"]["code"] == "expired"

    def test_a_code_ends_for_each_person_by_itself(self, code: str, checkout) -> None:
        db.write(lambda session: session.execute(update(CouponClaim).values(valid_until=clock.now())))
        assert checkout("redeem", code=code, order="1").json["error"]["code"] == "expired"

    def test_an_order_that_used_it_in_time_keeps_it(self, code: str, checkout) -> None:
        first = checkout("redeem", code=code, order="1").json
        long_ago = clock.now() - timedelta(days=1)
        db.write(lambda session: session.execute(update(CouponClaim).values(valid_until=long_ago)))
        assert checkout("redeem", code=code, order="1").json == first

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"code": ""},
            {"code": "X1"},
            {"code": "X1", "order": " "},
            {"code": "X1", "order": "o" * 121},
            {"code": "X1", "order": "1", "amount": -5},
            {"code": "X1", "order": "1", "amount": "4.99"},
            {"code": "X1", "order": "1", "amount": 10**13},
            {"code": "X1", "order": "1", "currency": "EURO"},
            {"code": {"$ne": ""}, "order": "1"},
        ],
    )
    def test_what_makes_no_sense_is_a_bad_request(self, people, checkout, fields: dict[str, Any]) -> None:
        refused = checkout("redeem", **fields)
        assert (refused.status_code, refused.json["error"]["code"]) == (422, "bad_request")

    def test_another_currency_is_refused(self, make_form, checkout) -> None:
        make_form("coupon", **SHARED, type="amount", value="5", currency="EUR")
        refused = checkout("validate", code="WELCOME10", amount=4999, currency="USD")
        assert refused.json["error"]["code"] == "bad_request"
        assert "EUR" in refused.json["error"]["message"]

    @pytest.mark.parametrize("header", [None, "Bearer lc_wrong", "Bearer nothing", "Basic bGM6"])
    def test_without_a_token_nobody_calls(self, client: FlaskClient, code: str, header: str | None) -> None:
        for what in ("validate", "redeem", "release"):
            headers = {"Authorization": header} if header else {}
            answer = client.post(f"/api/v1/coupons/{what}", json={"code": code, "order": "1"}, headers=headers)
            assert (answer.status_code, answer.json["error"]["code"]) == (401, "unauthorized")
        assert count(CouponRedemption) == 0

    def test_whoever_guesses_is_slowed_down(self, settings, code: str, checkout) -> None:
        settings.values["RATE_API"] = "3/minute"
        ratelimit.configure(settings)
        answers = [checkout("validate", code=f"GUESS-{n}") for n in range(4)]
        assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
        assert answers[3].headers["Retry-After"]


def test_no_code_stands_in_the_subject_of_a_mail(make_form, claim) -> None:
    make_form("coupon", **OWN)
    code = claim()["code"]
    with db.read() as session:
        assert all(code not in subject for subject in session.scalars(select(Email.subject)))
