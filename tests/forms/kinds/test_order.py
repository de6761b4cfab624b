"""Order requests: what a customer may order and what it comes to, the number, the mails, the shop's pages."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from leadcapture import addresses, clock, db, ratelimit
from leadcapture.contacts import operations as contacts
from leadcapture.forms import operations as forms
from leadcapture.forms.kind import Filled
from leadcapture.forms.kinds.order import SHOP, operations, queries
from leadcapture.forms.kinds.order.models import Order, OrderChange
from leadcapture.forms.models import Form, FormVersion
from tests.conftest import add_people
from tests.forms.conftest import count
from tests.forms.kinds.at_once import all_at_once

FIELDS = {
    "good_honey500": "2",
    "good_spoon001": "1",
    "delivery": "bypost01",
    "name": "Erin",
    "email": "erin@example.net",
    "phone": "020 7946 0958",
    "street": "1 Hill Road",
    "postcode": "AB1 2CD",
    "city": "Leeds",
    "country": "GB",
    "note": "Ring twice.",
}
HOSTILE = '<img src=x onerror=alert(1)>\u202e"></script>'


@pytest.fixture
def shop(make_form):
    """The demo's shop as a published form under the slug `order`."""
    return make_form("order", **SHOP.settings)


@pytest.fixture
def ordered(shop, visitor, confirm):
    """A confirmed order of Erin's."""

    def order(**fields: str) -> Order:
        values = {**FIELDS, **fields}
        assert visitor.send("order", **values).status_code == 202
        assert confirm(values["email"]).status_code == 200
        return newest()

    return order


def newest() -> Order:
    with db.read() as session:
        return session.scalars(select(Order).order_by(Order.id.desc())).first()


def errors_of(answer) -> dict:
    assert answer.status_code == 422
    return answer.json["error"]["fields"]


# ---- ordering -------------------------------------------------------------------------------------------------------


def test_an_order_is_numbered_and_itemised_once_the_address_is_confirmed(shop, visitor, confirm, letters) -> None:
    sent = visitor.send("order", **FIELDS)
    assert count(Order) == 0, "who never confirms takes no number"
    confirm("erin@example.net")

    order = newest()
    assert (order.number, order.state, order.total, order.currency) == (1001, "new", 2385, "GBP")
    result = visitor.state(sent).json["result"]
    assert "1001" in result["title"]
    assert result["rows"] == [
        {"label": "2 × Blossom honey, 500 g at £7.50", "value": "£15.00"},
        {"label": "1 × Honey spoon of olive wood", "value": "£4.95"},
        {"label": "By post", "value": "£3.90"},
    ]
    assert result["total"]["value"] == "£23.85"
    (receipt,) = letters("erin@example.net")
    assert "1001" in receipt.subject
    assert "£23.85" in receipt.text
    assert "2 × Blossom honey" in receipt.html


def test_the_shop_is_told_at_once_and_answers_the_customer(ordered, letters) -> None:
    ordered()
    (told,) = letters("alice@example.org")
    assert "1001" in told.subject
    assert told.reply_to == "erin@example.net"
    for words in ("Erin", "020 7946 0958", "1 Hill Road, AB1 2CD Leeds, United Kingdom", "Ring twice.", "£23.85"):
        assert words in told.text
    assert f"/orders/{newest().public_id}" in told.text


def test_confirming_twice_makes_one_order(shop, visitor, mailed, client, letters) -> None:
    visitor.send("order", **FIELDS)
    link = mailed("erin@example.net").link
    for _press in range(3):
        client.post(link)
    assert count(Order) == 1
    assert len(letters("erin@example.net")) == 1


def test_prices_are_those_of_the_version_that_the_customer_saw(shop, visitor, people, confirm, real_now) -> None:
    described = visitor.describe("order").json
    dearer = [{**good, "price": "99.00", "label": good["label"]["en"]} for good in SHOP.settings["goods"]]
    deliveries = [{**row, "label": row["label"]["en"]} for row in SHOP.settings["deliveries"]]
    values = {**SHOP.settings, "goods": dearer, "deliveries": deliveries, "fields": []}
    db.write(forms.update, real_now, site_id=people.site.id, public_id=shop.public_id, language="en", values=values)
    assert visitor.send("order", **FIELDS, form_version=described["version"]).status_code == 202
    confirm("erin@example.net")
    assert newest().total == 2385


def test_an_amount_that_was_sent_along_is_worth_nothing(ordered) -> None:
    assert ordered(total="0.01", price="0.01", good_honey500_price="0").total == 2385


WRONG = (
    ({"good_honey500": "", "good_spoon001": ""}, "good_honey500"),
    ({"good_honey500": "0", "good_spoon001": "0"}, "good_honey500"),
    ({"good_honey500": "-1"}, "good_honey500"),
    ({"good_honey500": "21"}, "good_honey500"),
    ({"good_honey500": "1.5"}, "good_honey500"),
    ({"good_honey500": "", "good_spoon001": "1"}, "good_honey500"),
    ({"delivery": "teleport"}, "delivery"),
    ({"delivery": ""}, "delivery"),
    ({"street": ""}, "street"),
    ({"postcode": ""}, "postcode"),
    ({"city": ""}, "city"),
    ({"country": "FR"}, "country"),
    ({"phone": "12"}, "phone"),
    ({"phone": ""}, "phone"),
    ({"name": ""}, "name"),
    ({"email": "erin@"}, "email"),
)


def test_what_is_wrong_is_said_at_its_field(shop, visitor, settings) -> None:
    for fields, at in WRONG:
        ratelimit.configure(settings)  # each of them is another visitor
        said = errors_of(visitor.send("order", **{**FIELDS, **fields}))
        assert said.get(at), f"{fields}: {said}"
        in_arabic = errors_of(visitor.send("order", **{**FIELDS, **fields}, lang="ar"))
        assert in_arabic.keys() == said.keys()


def test_goods_below_the_smallest_order_are_refused_with_the_amount(shop, visitor) -> None:
    (sentence,) = errors_of(visitor.send("order", **{**FIELDS, "good_honey500": "1", "good_spoon001": ""}))[
        "good_honey500"
    ]
    assert "£10.00" in sentence


def test_who_picks_the_goods_up_is_asked_for_no_address(ordered) -> None:
    order = ordered(delivery="pickup01")
    assert (order.street, order.postcode, order.city, order.country) == ("", "", "", "")
    assert order.total == 1995


def test_goods_that_are_not_available_cannot_be_ordered(make_form, visitor) -> None:
    goods = [{**good, "available": good["id"] != "honey500"} for good in SHOP.settings["goods"]]
    make_form("order", **{**SHOP.settings, "goods": goods})
    assert "good_honey500" not in {field["name"] for field in visitor.describe("order").json["fields"]}
    said = errors_of(visitor.send("order", **{**FIELDS, "good_honey500": "5"}))
    assert "£10.00" in said["good_candle01"][0], "the spoon alone is below the smallest order"


def test_a_shop_that_has_nothing_left_says_so(make_form, visitor, people, now) -> None:
    form = make_form("order", **SHOP.settings)

    def sell_out(session) -> None:
        kept = forms.queries.by_public_id(session, people.site.id, form.public_id)
        kept.settings = {**kept.settings, "goods": [{**g, "available": False} for g in kept.settings["goods"]]}

    db.write(sell_out)
    assert visitor.describe("order").json["closed"]
    refused = visitor.send("order", **FIELDS)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "closed")


def test_the_total_is_worked_out_without_sending_and_without_scripts(shop, client, people) -> None:
    page = client.post(f"/f/{people.site.key}/order", data={"act": "compute", "good_honey500": "2"}).text
    assert "£15.00" in page
    assert count(Order) == 0
    with_delivery = {"act": "compute", "good_honey500": "2", "delivery": "bypost01"}
    assert "£18.90" in client.post(f"/f/{people.site.key}/order", data=with_delivery).text


def test_a_phone_number_is_kept_as_the_whole_world_dials_it(ordered) -> None:
    assert ordered().phone == "+442079460958"


def test_what_the_shop_asks_beside_stands_on_the_order_and_in_its_mail(
    make_form, visitor, confirm, letters, signed_in
) -> None:
    wrapping = {"id": "wrap", "type": "radio", "label": {"en": "Wrapped?"}, "options": {"en": "As a gift\nPlain"}}
    form = make_form("order", **SHOP.settings, fields=[wrapping])
    visitor.send("order", **FIELDS, field_wrap="1")
    confirm("erin@example.net")
    assert newest().answers == [["Wrapped?", "As a gift"]]
    assert "Wrapped?: As a gift" in letters("alice@example.org")[0].text
    page = signed_in("bob").get(f"/console/forms/{form.public_id}/orders/{newest().public_id}").text
    assert "As a gift" in page


# ---- numbers --------------------------------------------------------------------------------------------------------


def test_numbers_have_no_gaps_and_no_repeats_when_everybody_confirms_at_once(either_database, now) -> None:
    def prepare(session):
        site = add_people(session, now).site
        form = forms.create(session, now, site_id=site.id, kind="order", slug="order", settings=SHOP.settings)
        return SimpleNamespace(site=site, form=form)

    made = db.write(prepare)

    def confirmed(session, which: int) -> None:
        address = addresses.parse(f"person{which}@example.net")
        contact = contacts.upsert_confirmed(session, now, site_id=made.site.id, address=address)
        filled = filled_form(made, f"sub_{which}", address)
        operations.place(session, now, filled=filled, contact=contact)
        if which % 4 == 3:
            raise RuntimeError("something else went wrong in this transaction")

    def press(which: int) -> None:
        with suppress(RuntimeError):
            db.write(confirmed, which)

    all_at_once(press, range(24))
    with db.read() as session:
        numbers = sorted(session.scalars(select(Order.number)))
    assert numbers == list(range(1001, 1001 + 18))


def filled_form(made, public_id: str, address) -> Filled:
    return Filled(
        public_id=public_id,
        site=made.site,
        form_id=made.form.id,
        form_public_id=made.form.public_id,
        form_slug="order",
        settings=made.form.settings,
        address=address,
        name="Erin",
        phone="",
        language="en",
        data={"good_honey500": 2, "delivery": "pickup01"},
        purposes=frozenset({"order"}),
        page_url="",
        submitted_at=clock.now(),
    )


# ---- what the shop does with it -------------------------------------------------------------------------------------


@pytest.fixture
def pages(shop):
    """The addresses of the shop's pages."""
    base = f"/console/forms/{shop.public_id}/orders"
    return SimpleNamespace(list=base, csv=f"{base}.csv", order=lambda order: f"{base}/{order.public_id}")


def test_bob_accepts_an_order_and_the_customer_reads_his_words(ordered, pages, signed_in, letters) -> None:
    order, bob = ordered(), signed_in("bob")
    listed = bob.get(pages.list).text
    assert "1001" in listed
    assert "/duplicate" not in listed, "what an operator may not do is not offered"
    page = bob.get(pages.order(order)).text
    for words in ("020 7946 0958", "2 × Blossom honey", "£23.85", "AB1 2CD Leeds", "Ring twice."):
        assert words in page
    words = {"seen": "new", "state": "accepted", "note": "It leaves on Monday.", "mail": "accepted"}
    assert bob.post(pages.order(order), data=words).status_code == 302
    assert newest().state == "accepted"
    news = letters("erin@example.net")[-1]
    assert "It leaves on Monday." in news.text
    assert "£23.85" in news.text
    assert "Bob" in bob.get(pages.order(order)).text, "who did it stands in the history"


def test_nobody_is_mailed_where_the_box_is_not_ticked(ordered, pages, signed_in, letters) -> None:
    order = ordered()
    signed_in("bob").post(pages.order(order), data={"seen": "new", "state": "declined", "mail": "accepted"})
    assert newest().state == "declined"
    assert len(letters("erin@example.net")) == 1, "only the receipt"


def test_of_two_operators_at_once_one_wins_and_the_other_is_told(ordered, pages, signed_in, letters) -> None:
    order, bob, alice = ordered(), signed_in("bob"), signed_in("alice")
    bob.post(pages.order(order), data={"seen": "new", "state": "accepted"})
    late = alice.post(
        pages.order(order), data={"seen": "new", "state": "declined", "mail": "declined", "note": "Sorry"}
    )
    assert late.status_code == 409
    assert "Bob was faster" in late.text
    assert "Sorry" in late.text, "what alice wrote is still there"
    assert newest().state == "accepted"
    assert len(letters("erin@example.net")) == 1


def test_two_changes_at_the_same_moment_leave_one(either_database, now) -> None:
    def prepare(session):
        people = add_people(session, now)
        form = forms.create(session, now, site_id=people.site.id, kind="order", slug="order", settings=SHOP.settings)
        address = addresses.parse("erin@example.net")
        contact = contacts.upsert_confirmed(session, now, site_id=people.site.id, address=address)
        made = SimpleNamespace(site=people.site, form=form)
        operations.place(session, now, filled=filled_form(made, "sub_1", address), contact=contact)
        return made

    made = db.write(prepare)
    order = newest()

    def change(state: str) -> str:
        which = {"site_id": made.site.id, "form_public_id": made.form.public_id, "public_id": order.public_id}
        try:
            db.write(operations.change, now, **which, seen="new", state=state, by="Bob")
        except operations.Conflict:
            return "told"
        return "won"

    outcomes = all_at_once(change, ["accepted", "declined"] * 3)
    assert sorted(outcomes) == ["told"] * 5 + ["won"]
    assert count(OrderChange) == 1


def test_a_state_that_cannot_follow_is_refused(ordered, pages, signed_in) -> None:
    order, bob = ordered(), signed_in("bob")
    for seen, state in (("new", "done"), ("new", "new"), ("done", "new"), ("nonsense", "accepted")):
        assert bob.post(pages.order(order), data={"seen": seen, "state": state}).status_code == 422
        assert newest().state == "new"


def test_an_order_goes_from_new_over_accepted_to_done(ordered, pages, signed_in, letters) -> None:
    order, bob = ordered(), signed_in("bob")
    bob.post(pages.order(order), data={"seen": "new", "state": "accepted", "mail": "accepted"})
    bob.post(pages.order(order), data={"seen": "accepted", "state": "done", "mail": "done"})
    assert newest().state == "done"
    assert len(letters("erin@example.net")) == 3
    assert 'name="state"' not in bob.get(pages.order(order)).text, "there is nothing more to do"


def test_the_list_shows_each_state_and_what_waits_for_its_confirmation(
    ordered, pages, shop, visitor, signed_in
) -> None:
    ordered()
    visitor.send("order", **{**FIELDS, "email": "dora@example.net", "name": "Dora"})
    bob = signed_in("bob")
    waiting = bob.get(pages.list, query_string={"state": "waiting"}).text
    assert "Dora" in waiting
    assert "£23.85" in waiting
    assert "dora@example.net" not in waiting, "an address nobody has confirmed is not shown"
    assert "Dora" not in bob.get(pages.list).text
    assert "Erin" in bob.get(pages.list, query_string={"state": "new"}).text
    assert "Erin" not in bob.get(pages.list, query_string={"state": "done"}).text


def test_the_list_pages_by_number(shop, people, pages, signed_in, now, monkeypatch) -> None:
    monkeypatch.setattr(queries, "PAGE", 3)
    made = SimpleNamespace(site=people.site, form=shop)

    def place_all(session) -> None:
        for which in range(7):
            address = addresses.parse(f"person{which}@example.net")
            contact = contacts.upsert_confirmed(session, now, site_id=people.site.id, address=address)
            operations.place(session, now, filled=filled_form(made, f"sub_{which}", address), contact=contact)

    db.write(place_all)
    with db.read() as session:
        first, older = queries.page(session, shop.id)
        second, oldest = queries.page(session, shop.id, before=older)
        third, end = queries.page(session, shop.id, before=oldest)
    numbers = [order.number for order in (*first, *second, *third)]
    assert numbers == [1007, 1006, 1005, 1004, 1003, 1002, 1001]
    assert end is None
    assert f"before={older}" in signed_in("bob").get(pages.list).text


def test_the_file_for_the_books_runs_no_formula(ordered, pages, signed_in) -> None:
    ordered(name="=1+1", note="@SUM(A1)", street="+1 Street")
    answer = signed_in("alice").get(pages.csv)
    (row,) = csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))
    assert (row["number"], row["total"], row["currency"]) == ("1001", "23.85", "GBP")
    assert row["goods"] == "2 × Blossom honey, 500 g, 1 × Honey spoon of olive wood"
    assert (row["name"], row["note"], row["street"], row["phone"]) == (
        "'=1+1", "'@SUM(A1)", "'+1 Street", "'+442079460958",
    )  # fmt: skip
    assert signed_in("bob").get(pages.csv).status_code == 403, "a file of everybody's addresses is for admins"


def test_hostile_words_stay_words(ordered, pages, signed_in, letters) -> None:
    order = ordered(name=HOSTILE, note=HOSTILE, street=HOSTILE, city=HOSTILE)
    for page in (signed_in("bob").get(pages.list).text, signed_in("bob").get(pages.order(order)).text):
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page
    told = letters("alice@example.org")[-1]
    assert "<img src=x" not in told.html
    assert HOSTILE not in told.subject


def test_charlie_gets_nothing(ordered, pages, signed_in) -> None:
    order, charlie = ordered(), signed_in("charlie")
    for address in (pages.list, pages.csv, pages.order(order)):
        assert charlie.get(address).status_code == 404
    refused = charlie.post(pages.order(order), data={"seen": "new", "state": "declined"})
    assert refused.status_code == 404
    assert newest().state == "new"


def test_who_is_not_signed_in_is_sent_to_the_door(ordered, pages, client) -> None:
    assert "/console/sign-in" in client.get(pages.order(ordered())).headers["Location"]


def test_an_erased_person_leaves_the_books_without_a_name(ordered, pages, signed_in, now) -> None:
    order, bob = ordered(), signed_in("bob")
    bob.post(pages.order(order), data={"seen": "new", "state": "accepted", "note": "For Erin"})
    db.write(operations.forget, now, order.contact_id)
    kept = newest()
    assert (kept.number, kept.total) == (1001, 2385)
    assert (kept.name, kept.email, kept.phone, kept.street, kept.note, kept.contact_id) == ("", "", "", "", "", None)
    assert kept.answers == []
    page = bob.get(pages.order(order)).text
    assert "Erin" not in page
    assert "£23.85" in page


# ---- setting it up --------------------------------------------------------------------------------------------------


def test_a_form_without_goods_cannot_be_published(make_form, people, now) -> None:
    form = make_form("order", publish=False)
    with pytest.raises(operations.Conflict, match="nothing to order"):
        db.write(forms.publish, now, site_id=people.site.id, public_id=form.public_id)


def saved(client, form, **fields: str):
    """Alice saves the form's settings with one of the goods and one delivery."""
    typed = {
        "language": "en",
        "form_name": "Order",
        "currency": "EUR",
        "goods-0-id": "honey500",
        "goods-0-label": "Honey",
        "goods-0-price": "7.50",
        "goods-0-most": "20",
        "goods-0-available": "y",
        "deliveries-0-id": "",
        "deliveries-0-label": "By post",
        "deliveries-0-price": "4,90",
        "minimum": "",
        "countries": "de AT,de",
    }
    return client.post(f"/console/forms/{form.public_id}", data={**typed, **fields})


def kept_settings(form) -> dict:
    with db.read() as session:
        return session.get_one(Form, form.id).settings


def test_alice_lists_goods_and_their_other_language_stays(shop, signed_in) -> None:
    assert saved(signed_in("alice"), shop).status_code == 302
    kept = kept_settings(shop)
    (good,) = kept["goods"]
    assert (good["id"], good["price"], good["most"], good["available"]) == ("honey500", "7.50", 20, True)
    assert good["label"] == {"en": "Honey", "ar": "عسل الأزهار، 500 غ"}
    assert kept["deliveries"][0]["price"] == "4.90"
    assert kept["deliveries"][0]["id"]


def test_what_is_wrong_with_the_settings_is_said_and_nothing_is_kept(shop, signed_in) -> None:
    before, alice = kept_settings(shop), signed_in("alice")
    for wrong, said in (
        ({"currency": "JPY"}, "There is no such amount in this currency."),
        ({"currency": "XXX"}, "Choose"),
        ({"goods-0-price": "-1"}, "Write an amount like 12.50."),
        ({"goods-0-price": ""}, "Enter a price."),
        ({"goods-0-most": "0"}, "Between 1 and 9999."),
        ({"countries": "GB, XQ"}, "There is no such country: XQ."),
    ):
        refused = saved(alice, shop, **wrong)
        assert refused.status_code == 422
        assert said in refused.text
    assert kept_settings(shop) == before


def test_the_page_without_scripts_makes_no_noise(shop, client, people) -> None:
    page = client.get(f"/f/{people.site.key}/order").text
    assert page.count("Only if your answer to") == 1, "said once for all fields of the address"
    group = page.split('class="depends"')[1].split('name="note"')[0]
    assert all(f'name="{name}"' in group for name in ("street", "postcode", "city"))
    assert page.count('class="optional"') == 1, "at the note alone, not at each quantity"


def test_charlie_and_bob_set_nothing_up(shop, signed_in) -> None:
    assert saved(signed_in("charlie"), shop).status_code == 404
    assert saved(signed_in("bob"), shop).status_code == 403


def test_the_contact_page_shows_lines_and_amount(ordered, shop) -> None:
    ordered()
    with db.read() as session:
        seen = session.scalar(select(FormVersion.settings).where(FormVersion.form_id == shop.id))
        sent = forms.queries.submissions_of_form(session, shop.id)[0][0]
        rows = dict(forms.summary(session, sent))
    assert seen is not None
    assert rows["2 × Blossom honey, 500 g at £7.50"] == "£15.00"
    assert rows["Total"] == "£23.85"
    assert rows["Delivery address"] == "1 Hill Road, AB1 2CD Leeds, United Kingdom"
