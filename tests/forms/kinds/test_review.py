"""Reviews: held until confirmed and approved, answered, listed for everybody, withdrawn by their author."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from leadcapture import addresses, clock, db, ratelimit, signing, web
from leadcapture.consent import operations as consent
from leadcapture.consent import queries as ledger
from leadcapture.contacts import operations as contacts
from leadcapture.contacts.models import Contact
from leadcapture.forms import operations as forms
from leadcapture.forms.kind import Filled
from leadcapture.forms.kinds.review import operations, queries, routes
from leadcapture.forms.kinds.review.models import Review
from tests.conftest import add_people
from tests.forms.conftest import count
from tests.forms.kinds.at_once import all_at_once

FIELDS = {
    "stars": "4",
    "text": "Well packed, and it tastes of summer.",
    "name": "Erin",
    "email": "erin@example.net",
    "consent": ["review"],
}
HOSTILE = '<img src=x onerror=alert(1)></script><script>alert(2)</script>\u202e\u2028 "quoted"'


@pytest.fixture
def form(make_form):
    return make_form("review")


@pytest.fixture
def written(form, visitor, confirm):
    """A confirmed review of Erin's."""

    def write(**fields) -> Review:
        values = {**FIELDS, **fields}
        assert visitor.send("review", **values).status_code == 202
        assert confirm(values["email"]).status_code == 200
        return newest()

    return write


@pytest.fixture
def desk(form, signed_in):
    """What an operator does."""
    base = f"/console/forms/{form.public_id}/reviews"

    def judge(review: Review, state: str, who: str = "bob", revision: int | None = None):
        seen = {"state": state, "revision": revision or by_id(review).revision, "from": "waiting"}
        return signed_in(who).post(f"{base}/{review.public_id}", data=seen, follow_redirects=True)

    def answer(review: Review, text: str, who: str = "bob", revision: int | None = None, **more: str):
        fields = {"answer": text, "revision": revision or by_id(review).revision, "from": "approved", **more}
        return signed_in(who).post(f"{base}/{review.public_id}/answer", data=fields, follow_redirects=True)

    return SimpleNamespace(base=base, judge=judge, answer=answer)


@pytest.fixture
def everybody(client, people):
    """What everybody sees."""
    base = f"/f/{people.site.key}/review/reviews"
    return SimpleNamespace(
        page=lambda **query: client.get(base, query_string=query),
        json=lambda **query: client.get(f"{base}.json", query_string=query),
        script=lambda **headers: client.get(f"{base}.js", headers=headers),
        withdraw=f"{base}/withdraw",
    )


def newest() -> Review:
    with db.read() as session:
        return session.scalars(select(Review).order_by(Review.id.desc())).first()


def by_id(review: Review) -> Review:
    with db.read() as session:
        return session.get(Review, review.id)


def texts(answer) -> list[str]:
    return [review["text"] for review in answer.json["reviews"]]


# ---- writing one ----------------------------------------------------------------------------------------------------


def test_a_review_is_seen_by_nobody_before_it_is_confirmed_and_approved(
    form, visitor, confirm, desk, everybody
) -> None:
    visitor.send("review", **FIELDS)
    assert count(Review) == 0
    confirm("erin@example.net")
    assert texts(everybody.json()) == []
    assert FIELDS["text"] not in everybody.page().text
    desk.judge(newest(), "approved")
    assert texts(everybody.json()) == [FIELDS["text"]]
    assert FIELDS["text"] in everybody.page().text


def test_the_shop_is_told_that_a_review_waits(written, letters) -> None:
    written()
    (told,) = letters("alice@example.org")
    assert "review waits" in told.subject
    assert FIELDS["text"] in told.text
    assert "/reviews" in told.text


def test_the_form_says_what_is_public_and_the_address_is_shown_nowhere(form, visitor, written, desk, everybody) -> None:
    helps = {field["name"]: field["help"] for field in visitor.describe("review").json["fields"]}
    assert "publicly" in helps["name"]
    assert "Never shown" in helps["email"]
    desk.judge(written(), "approved")
    for answer in (everybody.page(), everybody.json(), everybody.script()):
        assert "erin@example.net" not in answer.text


WRONG = (
    ({"stars": ""}, "stars"),
    ({"stars": "6"}, "stars"),
    ({"stars": "0"}, "stars"),
    ({"text": "short"}, "text"),
    ({"text": "long" * 600}, "text"),
    ({"text": ""}, "text"),
    ({"name": ""}, "name"),
    ({"email": "nowhere"}, "email"),
    ({"consent": []}, "consent"),
    ({"consent": ["newsletter"]}, "consent"),
)


def test_what_is_wrong_is_said_at_its_field(form, visitor, settings) -> None:
    for fields, at in WRONG:
        ratelimit.configure(settings)  # each of them is another visitor
        for language in ("en", "ar"):
            answer = visitor.send("review", **{**FIELDS, **fields}, lang=language)
            assert answer.status_code == 422
            assert answer.json["error"]["fields"].get(at), f"{fields}: {answer.json}"


def test_a_second_review_of_the_same_address_takes_the_place_of_the_first(written, desk, everybody, letters) -> None:
    first = written()
    desk.judge(first, "approved")
    desk.answer(first, "Thank you!")
    second = written(text="On second thought it was only so so.", stars="2", email="Erin@example.net")
    assert count(Review) == 1
    assert (second.state, second.stars, second.answer) == ("waiting", 2, "")
    assert everybody.json().json["rating"]["count"] == 0, "neither is shown until the new one is approved"
    desk.judge(second, "approved")
    assert texts(everybody.json()) == ["On second thought it was only so so."]
    assert len(letters("erin@example.net")) == 1
    assert len(letters("Erin@example.net")) == 1, "the author is told of the new words too"


def test_a_review_that_was_replaced_meanwhile_is_not_approved_unread(written, desk) -> None:
    seen = written().revision
    replaced = written(text="Buy at https://spam.example instead!")
    answer = desk.judge(replaced, "approved", revision=seen)
    assert "Nothing was changed" in answer.text
    assert by_id(replaced).state == "waiting"


def test_two_confirmations_of_one_person_at_once_leave_one_review(either_database, now) -> None:
    def prepare(session):
        site = add_people(session, now).site
        return SimpleNamespace(site=site, form=forms.create(session, now, site_id=site.id, kind="review"))

    made = db.write(prepare)

    def confirmed(session, which: int) -> None:
        filled = filled_form(made, f"sub_{which}", "erin@example.net")
        contact = contacts.upsert_confirmed(session, now, site_id=made.site.id, address=filled.address)
        operations.receive(session, now, filled=filled, contact=contact)

    all_at_once(lambda which: db.write(confirmed, which), range(6))
    assert count(Review) == 1
    assert newest().revision == 6


def filled_form(made, public_id: str, email: str, stars: str = "5") -> Filled:
    return Filled(
        public_id=public_id,
        site=made.site,
        form_id=made.form.id,
        form_public_id=made.form.public_id,
        form_slug=made.form.slug,
        settings=made.form.settings,
        address=addresses.parse(email),
        name="Erin",
        phone="",
        language="en",
        data={"stars": stars, "text": f"These are the words of {public_id}."},
        purposes=frozenset({"review"}),
        page_url="",
        submitted_at=clock.now(),
    )


# ---- the operators' desk --------------------------------------------------------------------------------------------


def test_bob_approves_answers_and_takes_back(written, desk, signed_in, everybody, letters) -> None:
    review = written()
    assert FIELDS["text"] in signed_in("bob").get(desk.base).text
    assert "Published" in desk.judge(review, "approved").text
    desk.answer(review, "Thank you, Erin!")
    assert everybody.json().json["reviews"][0]["answer"]["text"] == "Thank you, Erin!"
    assert "Thank you, Erin!" in everybody.page().text
    desk.answer(review, "ignored", remove="on")
    assert everybody.json().json["reviews"][0]["answer"] is None
    desk.judge(review, "waiting")
    assert texts(everybody.json()) == []
    desk.judge(review, "approved")
    assert len(letters("erin@example.net")) == 1, "approved again, its author is not told again"
    desk.judge(review, "rejected")
    assert texts(everybody.json()) == []


def test_of_two_operators_at_once_one_wins_and_the_other_is_told(written, desk, letters) -> None:
    review = written()
    desk.judge(review, "rejected", who="bob", revision=review.revision)
    late = desk.judge(review, "approved", who="alice", revision=review.revision)
    assert "Nothing was changed" in late.text
    assert by_id(review).state == "rejected"
    assert letters("erin@example.net") == []


def test_two_judgements_at_the_same_moment_leave_one(either_database, now) -> None:
    def prepare(session):
        site = add_people(session, now).site
        made = SimpleNamespace(site=site, form=forms.create(session, now, site_id=site.id, kind="review"))
        filled = filled_form(made, "sub_1", "erin@example.net")
        contact = contacts.upsert_confirmed(session, now, site_id=site.id, address=filled.address)
        operations.receive(session, now, filled=filled, contact=contact)
        return made

    made = db.write(prepare)
    which = {"site_id": made.site.id, "form_public_id": made.form.public_id, "public_id": newest().public_id}

    def judge(state: str) -> str:
        try:
            db.write(operations.judge, now, **which, revision=1, state=state)
        except operations.Conflict:
            return "told"
        return "won"

    assert sorted(all_at_once(judge, ["approved", "rejected"] * 3)) == ["told"] * 5 + ["won"]
    assert newest().revision == 2


def test_charlie_gets_nothing(written, desk, signed_in) -> None:
    review = written()
    assert signed_in("charlie").get(desk.base).status_code == 404
    assert desk.judge(review, "approved", who="charlie").status_code == 404
    assert desk.answer(review, "mine", who="charlie").status_code == 404
    kept = by_id(review)
    assert (kept.state, kept.answer) == ("waiting", "")


def test_a_state_that_cannot_follow_is_refused(written, desk) -> None:
    review = written()
    desk.judge(review, "withdrawn")
    desk.judge(review, "nonsense")
    assert by_id(review).state == "waiting"


# ---- the list for everybody -----------------------------------------------------------------------------------------


def test_the_rating_counts_the_approved_alone(form, people, everybody, now) -> None:
    made = SimpleNamespace(site=people.site, form=form)

    def write_all(session) -> None:
        for number, (stars, state) in enumerate(
            [("5", "approved"), ("4", "approved"), ("4", "approved"), ("1", "rejected"), ("1", "waiting")]
        ):
            add(session, now, made, number, stars, state)

    db.write(write_all)
    rating = everybody.json().json["rating"]
    assert rating == {"average": "4.3", "count": 3, "lit": 4, "by_stars": {"5": 1, "4": 2, "3": 0, "2": 0, "1": 0}}


def add(session, now, made, number: int, stars: str = "5", state: str = "approved") -> None:
    filled = filled_form(made, f"sub_{number}", f"person{number}@example.net", stars)
    contact = contacts.upsert_confirmed(session, now, site_id=made.site.id, address=filled.address)
    operations.receive(session, now, filled=filled, contact=contact)
    if state != "waiting":
        public_id = session.scalar(select(Review.public_id).where(Review.contact_id == contact.id))
        which = {"site_id": made.site.id, "form_public_id": made.form.public_id, "public_id": public_id}
        operations.judge(session, now, **which, revision=1, state=state)


def test_older_reviews_come_page_by_page_and_none_is_left_out(form, people, everybody, now, client) -> None:
    made = SimpleNamespace(site=people.site, form=form)
    db.write(lambda session: [add(session, now, made, number) for number in range(45)])
    seen, answer = [], everybody.json()
    while True:
        seen += texts(answer)
        assert answer.json["rating"]["count"] == 45
        if answer.json["next"] is None:
            break
        answer = client.get(answer.json["next"].removeprefix("http://127.0.0.1:8000"))
    assert len(seen) == len(set(seen)) == 45
    page = everybody.page().text
    assert page.count('data-lc="review"') == 20
    older = re.search(r"\?before=(rev_\w+)", page)[1]
    assert everybody.page(before=older).text.count('data-lc="review"') == 20


def test_search_engines_read_the_rating_and_the_reviews(written, desk, everybody, make_form) -> None:
    review = written(text=HOSTILE, name="Erin </script>")
    desk.judge(review, "approved")
    desk.answer(review, HOSTILE)
    page = everybody.page().text
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    told = json.loads(block)
    assert (told["@type"], told["name"]) == ("LocalBusiness", "Demo shop")
    assert told["aggregateRating"]["ratingValue"] == "4.0"
    assert told["aggregateRating"]["reviewCount"] == 1
    assert told["review"][0]["author"]["name"] == "Erin </script>"
    assert "<img src=x" in told["review"][0]["reviewBody"], "as it was written, for it is data"
    assert "<img src=x" not in page
    assert "\u202e" not in re.sub(r"<bdi>.*?</bdi>|<p [^>]*dir=\"auto\".*?</p>", "", page, flags=re.DOTALL)


def test_without_a_review_no_rating_is_claimed(form, everybody) -> None:
    structured = everybody.json().json["structured"]
    assert "aggregateRating" not in structured
    assert "review" not in structured


def test_the_script_carries_the_reviews_and_ends_no_script(written, desk, everybody) -> None:
    review = written(text=HOSTILE)
    desk.judge(review, "approved")
    answer = everybody.script()
    assert answer.mimetype == "application/javascript"
    assert "</script" not in answer.text
    assert "\u2028" not in answer.text
    assert routes.PLACEHOLDER not in answer.text
    built = (web.STATIC / web.manifest()["reviews.js"]).read_text(encoding="utf-8")
    before, after = built.split(routes.PLACEHOLDER)
    carried = json.loads(answer.text.removeprefix(before).removesuffix(after))
    assert carried["reviews"][0]["text"] == review.text


def test_the_list_is_asked_for_again_only_when_it_has_changed(written, desk, everybody) -> None:
    review = written()
    desk.judge(review, "approved")
    first = everybody.script()
    assert first.headers["Cache-Control"] == "public, max-age=60"
    tag = first.headers["ETag"]
    assert everybody.script(**{"If-None-Match": tag}).status_code == 304
    assert everybody.script(**{"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"
    desk.answer(review, "Thank you!")
    assert everybody.script(**{"If-None-Match": tag}).status_code == 200


def test_the_list_is_public_for_every_origin_and_unknown_ones_say_so(form, client, people, everybody) -> None:
    assert everybody.json().headers["Access-Control-Allow-Origin"] == "*"
    assert everybody.script().headers["Access-Control-Allow-Origin"] == "*"
    for address in (f"/f/{people.site.key}/nothing/reviews", f"/f/{people.other_site.key}/review/reviews"):
        assert client.get(address).status_code == 404
        assert client.get(f"{address}.json").status_code == 404
        assert client.get(f"{address}.js").status_code == 404


def test_a_form_of_another_kind_has_no_reviews(make_form, client, people) -> None:
    make_form("subscription", slug="news")
    assert client.get(f"/f/{people.site.key}/news/reviews").status_code == 404


def test_the_list_stays_when_the_form_takes_no_more_and_goes_with_the_archive(
    written, desk, everybody, people, form, now
) -> None:
    desk.judge(written(), "approved")
    db.write(forms.unpublish, now, site_id=people.site.id, public_id=form.public_id)
    answer = everybody.json()
    assert texts(answer) == [FIELDS["text"]]
    assert answer.json["form"] is None
    db.write(forms.archive, now, site_id=people.site.id, public_id=form.public_id)
    assert everybody.page().status_code == 404


def test_the_list_speaks_arabic(written, desk, everybody) -> None:
    desk.judge(written(), "approved")
    page = everybody.page(lang="ar").text
    assert 'lang="ar" dir="rtl"' in page
    assert everybody.json(lang="ar").json["dir"] == "rtl"


# ---- its author -----------------------------------------------------------------------------------------------------


def test_the_author_is_told_when_it_is_published_and_can_take_it_away_by_the_mail(
    written, desk, letters, client, everybody
) -> None:
    review = written()
    desk.judge(review, "approved")
    (mail,) = letters("erin@example.net")
    assert "published" in mail.subject
    link = re.search(r"http://127.0.0.1:8000(\S+/reviews/withdraw/\S+)", mail.text)[1]
    for _look in range(3):
        page = client.get(link)
        assert FIELDS["text"] in page.text
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
    assert by_id(review).state == "approved", "looking changes nothing"
    for _press in range(2):
        assert "withdrawn" in client.post(link).text
    gone = by_id(review)
    assert (gone.state, gone.text, gone.name) == ("withdrawn", "", "")
    assert texts(everybody.json()) == []
    with db.read() as session:
        assert "review" not in ledger.granted_purposes(session, gone.contact_id)
    assert written().state == "waiting", "a new one can be written"


def test_who_withdraws_on_the_preferences_page_is_shown_no_more(written, desk, everybody, signed_in, now) -> None:
    review = written()
    desk.judge(review, "approved")

    def leave(session) -> None:
        contact = session.get_one(Contact, review.contact_id)
        consent.withdraw(session, now, contact=contact, method="preferences", purpose="review")

    db.write(leave)
    assert texts(everybody.json()) == []
    assert everybody.json().json["rating"]["count"] == 0
    shown = signed_in("bob").get(desk.base, query_string={"state": "approved"}).text
    assert "no longer agrees" in shown
    desk.judge(written(), "approved")
    assert texts(everybody.json()) == [FIELDS["text"]], "a new consent brings a new review"


def test_a_forged_link_withdraws_nothing(written, desk, everybody, client) -> None:
    review = written()
    desk.judge(review, "approved")
    for token in (review.public_id, signing.sign("confirm", review.public_id), signing.sign("review", "rev_other")):
        assert client.post(f"{everybody.withdraw}/{token}").status_code == 404
    assert by_id(review).state == "approved"


def test_one_of_two_reviews_withdrawn_leaves_the_other(make_form, written, visitor, confirm, desk, now) -> None:
    first = written()
    make_form("review", slug="second")
    visitor.send("second", **FIELDS)
    confirm("erin@example.net")
    other = newest()
    assert other.id != first.id
    db.write(operations.withdraw, now, form_id=first.form_id, public_id=first.public_id)
    with db.read() as session:
        assert "review" in ledger.granted_purposes(session, other.contact_id)


def test_an_erased_person_leaves_no_review(written, desk, everybody, now) -> None:
    review = written()
    desk.judge(review, "approved")
    db.write(operations.forget, now, review.contact_id)
    assert count(Review) == 0
    assert texts(everybody.json()) == []


def test_hostile_words_stay_words_at_the_desk_and_in_mails(written, desk, signed_in, letters) -> None:
    review = written(text=HOSTILE, name=HOSTILE[:60])
    page = signed_in("bob").get(desk.base).text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    desk.judge(review, "approved")
    for mail in (*letters("alice@example.org"), *letters("erin@example.net")):
        assert "<img src=x" not in mail.html
        assert "<script>" not in mail.html


def test_the_page_asks_the_database_for_twenty_and_one(form, people, now) -> None:
    made = SimpleNamespace(site=people.site, form=form)
    db.write(lambda session: [add(session, now, made, number) for number in range(queries.PAGE)])
    with db.read() as session:
        assert queries.listing(session, form.id).older is None, "a full page is not followed by an empty one"


def test_bob_finds_the_reviews_he_works_on_and_no_form_besides(written, form, signed_in) -> None:
    bob = signed_in("bob")
    assert 'href="/console/forms/work"' in bob.get("/console/account").text
    listed = f'href="/console/forms/{form.public_id}/reviews"'
    page = bob.get("/console/forms/work").text
    assert listed in page
    assert "Nothing waits" in page
    written()
    page = bob.get("/console/forms/work").text
    assert "1 review to approve" in page
    assert page.count('class="main-link"') == 1
    assert "/console/forms/new" not in page
    assert form.public_id not in signed_in("charlie").get("/console/forms/work").text
