"""A conversation that looks like spam stands under Held, and two keys decide about it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.conftest import Watched
from tests.e2e.console import open_inbox, sign_in
from tests.servers import Service

SPAM = "Casino bonus for you: https://a-casino.example https://b-casino.example https://c-casino.example"


def test_an_operator_finds_what_is_held_and_releases_it(shop: Service, person: Callable[..., Watched]) -> None:
    visitor, operator = person().page(), person().page()
    sign_in(operator, shop.url, shop.operator("operator"))
    open_inbox(operator, shop.url)
    expect(operator.locator("[data-lc=connection]")).to_have_attribute("data-link", "up")
    title = operator.title()
    visitor.goto(f"{shop.url}/demo")
    visitor.locator("[data-lc=launcher]").click()
    visitor.locator("[data-lc=composer]").fill(SPAM)
    visitor.locator("[data-lc=send]").click()

    # The visitor's message is sent as any other is; nobody is called to it.
    expect(visitor.locator("[data-lc=message]", has_text="Casino")).to_have_attribute("data-state", "delivered")
    row = operator.locator("[data-lc=queue] [data-lc=conversation]", has_text="Casino bonus")
    expect(operator.locator("[data-view=held] .inbox-number")).to_be_visible()
    expect(row).to_have_count(0)
    assert operator.title() == title

    operator.keyboard.press("g")
    operator.keyboard.press("h")
    row.click()
    expect(operator.locator("[data-lc=held]")).to_contain_text("many links")
    operator.keyboard.press("!")
    expect(operator.locator("[data-lc=held]")).to_contain_text("Somebody called this spam")
    expect(row).to_contain_text("Spam")
    operator.keyboard.press("h")
    expect(operator.locator("[data-lc=held]")).to_have_count(0)
    expect(row).to_have_count(0)
    operator.keyboard.press("g")
    operator.keyboard.press("i")
    expect(row).to_have_count(1)
