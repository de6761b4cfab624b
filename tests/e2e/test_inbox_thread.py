"""What an operator writes, corrects, takes back and sends along, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.e2e.conftest import Watched
from tests.e2e.console import open_conversation, open_inbox, sign_in
from tests.servers import Service

PICTURE = Path(__file__).parents[2] / "docs" / "picture.png"
SENT = re.compile("sent|delivered|seen")


@pytest.fixture
def visit(shop: Service, person: Callable[..., Watched]) -> Callable[[str], Page]:
    """Writes to the shop as somebody new, while an operator is there."""

    def written(text: str) -> Page:
        page = person().page()
        page.goto(f"{shop.url}/demo")
        page.locator("[data-lc=launcher]").click()
        page.locator("[data-lc=composer]").fill(text)
        page.locator("[data-lc=send]").click()
        expect(line(page, text)).to_have_attribute("data-state", SENT)
        return page

    return written


def line(page: Page, text: str) -> Locator:
    return page.locator("[data-lc=log] [data-lc=message]", has_text=text)


def test_canned_replies_edits_files_and_notes_by_keyboard(
    shop: Service, person: Callable[..., Watched], visit: Callable[[str], Page]
) -> None:
    watched = person()
    alice = watched.page()
    sign_in(alice, shop.url, shop.operator())
    open_inbox(alice, shop.url)
    visitor = visit("Which lamp is on your page?")
    open_conversation(alice, "Which lamp")
    field = alice.locator("[data-lc=reply]")
    options = alice.locator("[data-lc=suggestions] [role=option]")

    # "/" and a word find a reply; its fields are filled as it is inserted.
    field.press_sequentially("/")
    expect(options).not_to_have_count(0)
    field.press_sequentially("hel")
    expect(options).to_have_count(1)
    expect(options).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == options.get_attribute("id")
    field.press("Escape")
    expect(options).to_have_count(0)
    field.fill("")
    field.press_sequentially("/hel")
    expect(options).to_have_count(1)
    field.press("Tab")
    expect(field).to_have_value("Hello there, this is Alice. How can I help?")
    field.press("Enter")
    expect(line(visitor, "this is Alice")).to_have_count(1)

    # A gap is not sent.
    field.fill("Dear {{visitor.name}}, yes")
    field.press("Enter")
    expect(alice.locator("#inbox-limit")).to_contain_text("{{visitor.name}}")
    expect(line(alice, "Dear")).to_have_count(0)
    assert alice.evaluate("getSelection().toString()") == "{{visitor.name}}"
    alice.keyboard.type("Erin")
    field.press("Enter")
    expect(line(alice, "Dear Erin, yes")).to_have_attribute("data-state", SENT)

    # The up arrow in the empty field takes the last one up again; the visitor sees that it was edited.
    field.press("ArrowUp")
    expect(field).to_have_value("Dear Erin, yes")
    field.fill("Dear Erin, **no**")
    field.press("Enter")
    expect(line(visitor, "Dear Erin, no").locator("[data-lc=edited]")).to_have_count(1)
    expect(line(alice, "Dear Erin, no").locator("strong")).to_have_text("no")

    # Taken back, it is gone from both sides.
    line(alice, "Dear Erin").locator("[data-lc=delete]").click()
    alice.locator("[data-lc=delete-yes]").click()
    expect(alice.locator("[data-lc=deleted]")).to_have_count(1)
    expect(line(visitor, "Dear Erin")).to_have_count(0)

    # A picture and a text in one go; what is refused says why.
    page_named_picture = {"name": "x.png", "mimeType": "image/png", "buffer": b"<html><script>alert(1)</script></html>"}
    alice.set_input_files("[data-lc=attach-input]", [page_named_picture])
    expect(alice.locator("[data-lc=attachment][data-state=failed] [role=alert]")).to_contain_text(
        re.compile(r"\w+ \w+")
    )
    alice.locator("[data-lc=detach]").click()
    alice.set_input_files("[data-lc=attach-input]", [PICTURE])
    expect(alice.locator("[data-lc=attachment][data-state=done] img")).to_be_visible()
    field.fill("This one")
    field.press("Enter")
    expect(line(alice, "This one").locator("[data-lc=file] img")).to_have_js_property("complete", True)
    expect(line(visitor, "This one").locator("[data-lc=file]")).to_have_count(1)

    # A note with a colleague's name, chosen from the list; the visitor learns nothing of it.
    alice.locator("[data-lc=note]").click()
    field.press_sequentially("Ask @b")
    expect(options).to_have_text(["Bob"])
    field.press("Enter")
    field.press_sequentially("about it")
    field.press("Enter")
    expect(line(alice, "Ask @Bob about it")).to_have_attribute("data-kind", "note")
    expect(line(visitor, "@Bob")).to_have_count(0)
    assert watched.complaints == [one for one in watched.complaints if "422" in one]


def test_what_is_not_sent_is_shown_within_five_seconds_and_goes_out_by_one_press(
    shop: Service, person: Callable[..., Watched], visit: Callable[[str], Page]
) -> None:
    alice = person().page()
    lost = {"on": False}

    def one_way(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        # What the operator says is lost on its way, while everything else comes through.
        socket.on_message(lambda said: None if lost["on"] and '"message"' in str(said) else server.send(said))

    alice.route_web_socket(re.compile("socket.io"), one_way)
    sign_in(alice, shop.url, shop.operator())
    open_inbox(alice, shop.url)
    visitor = visit("Does anybody hear me?")
    open_conversation(alice, "Does anybody hear me?")
    lost["on"] = True
    alice.locator("[data-lc=reply]").fill("I hear you")
    alice.locator("[data-lc=send]").click()
    said = line(alice, "I hear you")
    expect(said).to_have_attribute("data-state", "waiting")
    expect(said).to_have_attribute("data-state", "late", timeout=5_000)
    expect(line(visitor, "I hear you")).to_have_count(0)
    lost["on"] = False
    said.locator("[data-lc=retry]").click()
    expect(said).to_have_attribute("data-state", SENT)
    expect(line(visitor, "I hear you")).to_have_count(1)
    expect(said).to_have_count(1)
