"""An operator comes and goes while somebody writes, and hands a conversation on, in real browsers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.chat.talk import Client
from tests.e2e.conftest import Watched
from tests.e2e.console import open_conversation, open_inbox, sign_in
from tests.servers import Service


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A demo shop where whoever leaves is missed after a second."""
    with Service(tmp_path_factory.mktemp("hasty") / "service", OPERATOR_GRACE="1") as service:
        service.seed_demo()
        service.start()
        yield service


@pytest.fixture
def inbox(hasty: Service, person: Callable[..., Watched]) -> Callable[[str], Page]:
    def opened(role: str) -> Page:
        page = person().page()
        sign_in(page, hasty.url, hasty.operator(role))
        open_inbox(page, hasty.url)
        expect(page.locator("[data-lc=connection]")).to_have_attribute("data-link", "up")
        return page

    return opened


def test_what_was_typed_is_kept_while_the_operator_goes_and_comes_back(
    hasty: Service, person: Callable[..., Watched], inbox: Callable[[str], Page]
) -> None:
    alice, visitor = inbox("owner"), person().page()
    visitor.goto(f"{hasty.url}/demo")
    visitor.locator("[data-lc=launcher]").click()
    composer = visitor.locator("[data-lc=composer]")
    composer.fill("Is the lamp in stock?")
    visitor.locator("[data-lc=send]").click()
    composer.fill("And do you send it to Gent?")
    cookies = alice.context.cookies()
    alice.context.close()

    # Nobody can answer: the form is there, with what was asked and what was being typed.
    form = visitor.locator("[data-lc=form] [name=message]")
    expect(form).to_be_visible(timeout=6_000)
    expect(form).to_have_value("Is the lamp in stock?\nAnd do you send it to Gent?")
    form.fill("Is the lamp in stock?\nAnd do you send it to Gent, today?")

    cookie = "; ".join(f"{one['name']}={one['value']}" for one in cookies)
    back = Client(hasty.url, "/operator", None, {"Cookie": cookie})
    asked = next(one for one in back.hear("queue")["conversations"] if one["last"]["body"] == "Is the lamp in stock?")
    assert back.emit("take", {"conversation": asked["id"]})["ok"]
    expect(composer).to_have_value("And do you send it to Gent, today?", timeout=5_000)
    back.leave()


def test_an_operator_is_idle_comes_back_and_hands_a_conversation_on_by_keyboard(
    hasty: Service, inbox: Callable[[str], Page]
) -> None:
    alice, bob = inbox("owner"), inbox("operator")
    # Nobody touches hers for eleven minutes: she counts as away, until the first movement.
    switch = alice.locator("[data-lc=presence]")
    expect(switch).to_have_attribute("data-state", "available")
    alice.clock.set_system_time(datetime.now(UTC) + timedelta(minutes=11))
    expect(switch).to_have_attribute("data-state", "idle")
    alice.mouse.move(300, 300)
    expect(switch).to_have_attribute("data-state", "available")

    visitor = Client(hasty.url, "/visitor", {"site": hasty.demo["site_key"]})
    visitor.hear_available(True)
    conversation = visitor.say("Which blanket is the warmest?")["conversation"]
    open_conversation(alice, "Which blanket is the warmest?")
    alice.locator("[data-lc=log]").focus()
    alice.keyboard.press("t")
    visitor.hear("conversation", lambda told: told["status"] == "active")

    team = alice.locator("[data-lc=colleagues]")
    team.locator("summary").focus()
    alice.keyboard.press("Enter")
    expect(team.locator("[data-lc=colleague]").first).to_contain_text("Available")
    alice.keyboard.press("Escape")
    expect(team.locator("[data-lc=colleague]").first).to_be_hidden()

    alice.locator(f"[data-lc=conversation][data-id={conversation}]").focus()
    alice.keyboard.press("a")
    dialog = alice.locator("[data-lc=transfer]")
    expect(dialog.locator("input").first).to_be_focused()
    alice.keyboard.press("Space")
    dialog.locator("textarea").focus()
    alice.keyboard.type("She wants the wool one.")
    if folder := os.environ.get("LEADCAPTURE_SCREENSHOTS"):
        alice.screenshot(path=f"{folder}/inbox-transfer.png")
    alice.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    told = visitor.hear("message", lambda message: message["author"]["kind"] == "system")
    assert told["body"].endswith(" takes over.")
    bob.locator(f"[data-lc=conversation][data-id={conversation}]").click()
    expect(bob.locator("[data-lc=log]")).to_contain_text("She wants the wool one.")
    expect(alice.locator("[data-lc=join]")).to_be_visible()
    alice.locator("[data-lc=join]").click()
    visitor.hear("message", lambda message: message["body"].endswith(" has joined."))
    expect(alice.locator("[data-lc=join]")).to_be_hidden()
    assert visitor.all("message")[-1]["seq"] == 3
    visitor.leave()
