"""The inbox in a real browser: two operators, one visitor, and a service that dies in between."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Watched
from tests.e2e.console import open_conversation, open_inbox, reply, sign_in
from tests.servers import Service

HOSTILE = 'Hello <img src=x onerror="document.title=1"> at https://example.org/a_(b). or javascript:alert(1)'


@pytest.fixture
def inbox(service: Service, person: Callable[..., Watched]) -> Callable[[str], Page]:
    """Opens the inbox as the demo's operator of that role."""

    def opened(role: str) -> Page:
        page = person().page()
        sign_in(page, service.url, service.operator(role))
        open_inbox(page, service.url)
        expect(page.locator("[data-lc=connection]")).to_have_attribute("data-link", "up")
        return page

    return opened


@pytest.fixture
def visit(service: Service, person: Callable[..., Watched]) -> Callable[[], Page]:
    """Opens the chat on the demo's page, as somebody new."""

    def opened() -> Page:
        page = person().page()
        page.goto(f"{service.url}/demo")
        page.locator("[data-lc=launcher]").click()
        return page

    return opened


def write(page: Page, text: str) -> None:
    page.locator("[data-lc=composer]").fill(text)
    page.locator("[data-lc=send]").click()


def line(page: Page, text: str) -> Locator:
    return page.locator("[data-lc=log] [data-lc=message]", has_text=text)


def test_two_operators_share_a_queue(inbox: Callable[[str], Page], visit: Callable[[], Page]) -> None:
    alice, bob, visitor = inbox("owner"), inbox("operator"), visit()
    write(visitor, HOSTILE)

    # Whoever waits stands first, with a running clock, and what was written is text.
    first = alice.locator("[data-lc=queue] [data-lc=conversation]").first
    expect(first).to_contain_text('<img src=x onerror="document.title=1">')
    expect(first).to_have_attribute("data-status", "waiting")
    expect(first).to_contain_text(re.compile(r"\d:\d\d"))
    expect(alice).to_have_title(re.compile(r"^\(\d+\) "))
    for page in (alice, bob):
        open_conversation(page, "javascript:alert")
    assert line(alice, "Hello").locator("img").count() == 0
    links = line(alice, "Hello").locator("a").evaluate_all("links => links.map((link) => link.href)")
    assert links == ["https://example.org/a_(b)"]

    # One of them takes it; the other hears who was faster.
    alice.locator("[data-lc=take]").click()
    expect(alice.locator("[data-lc=take]")).to_have_count(0)
    expect(bob.locator("[data-lc=queue] [aria-current]")).to_contain_text("Alice")
    bob.keyboard.press("t")
    expect(bob.locator("[data-lc=notice]")).to_contain_text("Alice")

    # A note is the team's alone.
    alice.locator("[data-lc=note]").click()
    reply(alice, "She is a regular.")
    expect(bob.locator("[data-lc=message][data-kind=note]")).to_contain_text("She is a regular.")
    alice.locator("[data-lc=to-visitor]").click()
    reply(alice, "Good morning!")
    expect(line(visitor, "Good morning!")).to_have_count(1)
    expect(line(visitor, "regular")).to_have_count(0)
    expect(line(alice, "Good morning!")).to_have_attribute("data-state", "seen")
    expect(line(bob, "Good morning!")).to_have_count(1)

    # Closed it leaves the queue; the visitor's next line brings it back.
    alice.keyboard.press("Escape")
    alice.keyboard.press("e")
    row = alice.locator("[data-lc=queue] [data-lc=conversation]", has_text="Good morning!")
    expect(row).to_have_count(0)
    write(visitor, "One more thing")
    expect(alice.locator("[data-lc=queue] [data-lc=conversation]").first).to_contain_text("One more thing")
    expect(line(alice, "One more thing")).to_have_count(1)


def test_what_is_written_while_the_service_is_down_goes_out_once(
    service: Service, inbox: Callable[[str], Page], visit: Callable[[], Page]
) -> None:
    alice, visitor = inbox("owner"), visit()
    write(visitor, "Are you there?")
    open_conversation(alice, "Are you there?")
    reply(alice, "I am.")
    expect(line(visitor, "I am.")).to_have_count(1)

    service.kill()
    expect(alice.locator("[data-lc=connection]")).to_have_attribute("data-link", "down")
    for text in ("First of three", "Second of three"):
        reply(alice, text)
        expect(line(alice, text)).to_have_attribute("data-state", "waiting")
    alice.locator("[data-lc=reply]").fill("Third, not sent yet")
    service.start()

    for text in ("First of three", "Second of three"):
        expect(line(visitor, text)).to_have_count(1, timeout=30_000)
        expect(line(alice, text)).to_have_attribute("data-state", re.compile("sent|delivered|seen"))
    # Drafts and the thread survive a reload, and nothing is there twice.
    alice.reload()
    expect(alice.locator("[data-lc=reply]")).to_have_value("Third, not sent yet")
    said = alice.locator("[data-lc=log] [data-lc=message] .inbox-body")
    expect(said).to_have_text(["Are you there?", "I am.", "First of three", "Second of three"])


def test_a_list_is_worked_through_by_keyboard_alone(inbox: Callable[[str], Page]) -> None:
    page = inbox("owner")
    rows = page.locator("[data-lc=queue] [data-lc=conversation]")
    expect(rows.nth(2)).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator("[data-lc=queue] [aria-current]")).to_be_focused()
    page.keyboard.press("x")
    page.keyboard.press("J")
    expect(page.locator("[data-lc=queue] [data-chosen]")).to_have_count(2)
    page.keyboard.press("l")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("[data-lc=queue] .inbox-tag", has_text="By keyboard")).to_have_count(2)

    # What is typed into a field is text; Escape leaves it, and only then keys are commands again.
    page.keyboard.press("Control+k")
    page.keyboard.type("ejr")
    expect(page.locator("[data-lc=search]")).to_have_value("ejr")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("[data-lc=queue] [aria-current]")).to_be_focused()

    page.keyboard.press("s")
    expect(page.locator("dialog[open]")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("[data-lc=snoozed]")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(rows).to_have_count(1)
    expect(rows.locator(".inbox-tag", has_text="By keyboard")).to_have_count(1)


def test_the_inbox_on_a_phone_shows_one_column_at_a_time(service: Service, person: Callable[..., Watched]) -> None:
    page = person(viewport={"width": 360, "height": 740}, locale="ar").page()
    sign_in(page, service.url, service.operator())
    open_inbox(page, service.url)
    page.locator("[data-lc=conversation]").first.click()
    expect(page.locator("[data-lc=log]")).to_be_visible()
    expect(page.locator("[data-lc=queue]")).not_to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator(".inbox-details").click()
    expect(page.locator("[data-lc=visitor]")).to_be_visible()
    expect(page.locator("[data-lc=log]")).not_to_be_visible()
    page.locator(".inbox-about-back").click()
    page.locator(".inbox-back").click()
    expect(page.locator("[data-lc=queue]")).to_be_visible()
