"""The hosted form and what follows it, without scripts and without cookies."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from sqlalchemy import select

from leadcapture import db
from leadcapture.contacts.models import Contact
from leadcapture.forms.models import Submission
from leadcapture.mail.models import Email
from leadcapture.sites.models import Site

from .conftest import count, hand_over


class Controls(HTMLParser):
    """The fields of the page's forms, as a browser would send them: {action: {name: value}}."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._current: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self._current = self.forms.setdefault(given["action"], {})
        elif tag == "input" and "name" in given and not (given.get("type") == "checkbox" and "checked" not in given):
            self._current[given["name"]] = given.get("value") or ""


def fill(client, path: str, **typed: str):
    (action, fields), *_rest = Controls(client.get(path).text).forms.items()
    return client.post(action, data={**fields, **typed})


@pytest.fixture
def page(visitor) -> str:
    return f"/f/{visitor.key}/subscription"


def test_a_form_is_filled_sent_and_confirmed_by_code_with_no_script_and_no_cookie(client, visitor, page, mailed):
    sent = fill(client, page, email="alice@example.org", consent="newsletter")
    assert sent.status_code == 200
    assert "Check your e-mail" in sent.text
    assert "alice@example.org" in sent.text
    fields = Controls(sent.text).forms[f"{page}/code"]
    done = client.post(f"{page}/code", data={**fields, "code": mailed("alice@example.org").code})
    assert done.status_code == 200
    assert "You&#39;re subscribed" in done.text
    assert count(Contact) == 1
    for answer in (sent, done):
        assert "Set-Cookie" not in answer.headers
        assert "<script" not in answer.text
        assert " style=" not in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_boxes_are_never_ticked_beforehand(client, visitor, page):
    for path in (page, f"/f/{visitor.key}/offline"):
        answer = client.get(path)
        assert 'type="checkbox"' in answer.text
        assert not re.search(r'type="checkbox"[^>]*checked', answer.text)


def test_mistakes_are_said_at_the_fields_and_keep_what_was_typed(client, visitor):
    answer = fill(
        client, f"/f/{visitor.key}/offline", name='B"ob<', email="bob@", message="<b>Hi", consent="newsletter"
    )
    assert answer.status_code == 422
    assert 'value="B&#34;ob&lt;"' in answer.text
    assert 'value="bob@"' in answer.text
    assert "&lt;b&gt;Hi</textarea>" in answer.text
    assert re.search(r'type="checkbox"[^>]*value="newsletter"[^>]*checked', answer.text)
    assert 'aria-describedby="field-email-error"' in answer.text
    assert 'id="field-email-error">This does not look like an e-mail address.' in answer.text
    assert count(Submission) == 0


def test_reloading_the_answer_sends_nothing_twice(client, visitor, page):
    (action, fields), *_ = Controls(client.get(page).text).forms.items()
    typed = {**fields, "email": "alice@example.org", "consent": "newsletter"}
    first, again = client.post(action, data=typed), client.post(action, data=typed)
    assert first.data == again.data
    assert count(Submission) == count(Email) == 1


def test_a_wrong_code_is_said_and_can_be_typed_again(client, visitor, page, mailed):
    sent = fill(client, page, email="alice@example.org", consent="newsletter")
    fields = Controls(sent.text).forms[f"{page}/code"]
    code = mailed("alice@example.org").code
    wrong = client.post(f"{page}/code", data={**fields, "code": f"{(int(code) + 1) % 1_000_000:06d}"})
    assert wrong.status_code == 422
    assert "This is not the code from the mail." in wrong.text
    again = Controls(wrong.text).forms[f"{page}/code"]
    assert client.post(f"{page}/code", data={**again, "code": code}).status_code == 200


def test_the_mail_can_be_sent_again_from_the_page(client, visitor, page, mailed):
    sent = fill(client, page, email="alice@example.org", consent="newsletter")
    before = mailed("alice@example.org")
    db.write(hand_over)
    again = client.post(f"{page}/resend", data=Controls(sent.text).forms[f"{page}/resend"])
    assert again.status_code == 200
    assert "We send it again" in unescape(again.text)
    assert mailed("alice@example.org").code != before.code or mailed("alice@example.org").text != before.text


def test_the_trap_of_programs_looks_like_success(client, visitor, page):
    trapped = fill(client, page, email="alice@example.org", consent="newsletter", website_url="x")
    assert trapped.status_code == 200
    assert "Check your e-mail" in trapped.text
    assert count(Submission) == count(Email) == 0


def test_too_many_posts_keep_what_was_typed_and_say_when_to_try_again(client, visitor, page):
    for _ in range(30):
        client.post(page, data={"email": "x"})
    answer = fill(client, page, email="alice@example.org", consent="newsletter")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert 'value="alice@example.org"' in answer.text


def test_pages_speak_arabic_from_right_to_left(client, visitor, page, mailed):
    assert '<html lang="ar" dir="rtl">' in client.get(f"{page}?lang=ar").text
    sent = fill(client, f"{page}?lang=ar", email="alice@example.org", consent="newsletter")
    assert '<html lang="ar" dir="rtl">' in sent.text
    link = mailed("alice@example.org").link
    assert '<html lang="ar" dir="rtl">' in client.get(link).text
    assert '<html lang="en" dir="ltr">' in client.get(f"{link}?lang=en").text


def test_the_sites_colour_comes_as_a_style_sheet_with_readable_text_on_it(client, visitor, people):
    def paint(session) -> None:
        session.get_one(Site, people.site.id).accent = "#ffe08a"

    db.write(paint)
    sheet = client.get(f"/f/{visitor.key}/accent.css")
    assert sheet.mimetype == "text/css"
    assert sheet.text == ":root{--lc-accent:#ffe08a;--lc-accent-text:#000000}"
    assert f'href="/f/{visitor.key}/accent.css"' in client.get(f"/f/{visitor.key}/subscription").text


def test_tokens_of_one_site_open_nothing_at_another(client, visitor, page, people, mailed):
    sent = fill(client, page, email="alice@example.org", consent="newsletter")
    fields = {**Controls(sent.text).forms[f"{page}/code"], "code": mailed("alice@example.org").code}
    assert client.post(f"/f/{people.other_site.key}/subscription/code", data=fields).status_code == 404
    assert client.post(f"{page}/code", data={**fields, "submission": "sub_other"}).status_code == 404
    assert count(Contact) == 0


def test_hostile_words_are_inert_on_every_page(client, visitor, mailed):
    hostile = "<img src=x onerror=alert(1)>"
    fill(client, f"/f/{visitor.key}/offline", name=hostile, email="bob@example.org", message=hostile)
    link = mailed("bob@example.org").link
    for answer in (client.get(link), client.post(link)):
        assert hostile not in answer.text
    with db.read() as session:
        assert session.scalars(select(Contact.name)).one() == hostile
