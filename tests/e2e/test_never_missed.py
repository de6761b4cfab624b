"""Nobody is missed, in a real browser: one sound however many tabs are open, a louder one later, and an answer by
e-mail to who is gone."""

from __future__ import annotations

import json
import re
import sqlite3
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Watched
from tests.e2e.console import open_conversation, open_inbox, reply, sign_in
from tests.servers import Service, wait_for

# What a browser plays and shows cannot be heard or seen here: it is counted where the page asks for it.
COUNTING = """
    window.tones = 0;
    window.notified = [];
    const create = AudioContext.prototype.createOscillator;
    AudioContext.prototype.createOscillator = function () { window.tones += 1; return create.call(this); };
    window.Notification = class { constructor(title, options) { window.notified.push({ title, ...options }); } };
    window.Notification.permission = "granted";
"""


def write(service: Service, text: str) -> str:
    """A visitor writes over plain HTTP; the conversation's id."""
    url = f"{service.url}/v1/{service.demo['site_key']}/chat/messages"
    body = json.dumps({"client_id": "c1", "body": text}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"})) as answer:
        return str(json.load(answer)["conversation"])


def let_wait(service: Service, conversation: str, seconds: int) -> None:
    """The visitor has waited so long already."""
    since = (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S.%f")
    with sqlite3.connect(service.folder / "instance" / "leadcapture.db", timeout=20) as connection:
        connection.execute("UPDATE conversations SET waiting_since = ? WHERE public_id = ?", (since, conversation))


def test_a_waiting_visitor_is_heard_once_over_all_tabs_then_louder_then_mailed_about(
    service: Service, person: Callable[..., Watched]
) -> None:
    alice = person()
    alice.context.add_init_script(COUNTING)
    tabs = [alice.page(), alice.page()]
    sign_in(tabs[0], service.url, service.operator("owner"))
    open_inbox(tabs[0], service.url)
    expect(tabs[0].locator("[data-lc=connection]")).to_have_attribute("data-link", "up")
    tabs[1].goto(f"{service.url}/console/contacts")
    expect(tabs[1]).to_have_title(re.compile(r"^\(\d+\) "))  # it has heard the queue
    for tab in tabs:
        tab.locator("h1").click()
        tab.wait_for_function("navigator.userActivation.hasBeenActive")

    conversation = write(service, "Is anybody there?")
    expect(tabs[0].locator("[data-lc=queue]")).to_contain_text("Is anybody there?")
    assert tones(tabs, 2) == 2, "two notes, in one of the tabs"

    let_wait(service, conversation, 25)
    assert tones(tabs, 7) == 7, "the loud one has five, and sounds once as well"
    both = [(conversation, "Is anybody there?")] * 2
    wait_for(lambda: urgent(tabs) == both, "a notification in each tab: of one tag, so one is shown")

    let_wait(service, conversation, 45)
    mail = service.wait_for_email(service.operator("operator")["email"])
    assert f"{service.url}/console/inbox/{conversation}" in mail.get_body(("plain",)).get_content()

    # Who left an address and is gone is answered by e-mail.
    page = tabs[0]
    open_conversation(page, "Léa")
    page.locator("[data-lc=by-email]").click()
    expect(page.locator("[data-lc=email]")).to_contain_text("lea@example.net")
    page.locator("[data-lc=subject]").fill("Your lamp")
    reply(page, "It is on its way.")
    expect(page.locator("[data-lc=message]", has_text="It is on its way.")).to_contain_text("by e-mail")
    sent = service.wait_for_email("lea@example.net")
    assert sent["Subject"] == "Your lamp"
    assert "It is on its way." in sent.get_body(("plain",)).get_content()
    assert alice.complaints == []


def tones(tabs: list[Page], least: int) -> int:
    """How many notes all tabs have played, once there were so many and no more came."""
    count = lambda: sum(tab.evaluate("tones") for tab in tabs)  # noqa: E731 it is asked twice
    wait_for(lambda: count() >= least, f"{least} notes")
    tabs[0].wait_for_timeout(400)  # a second tab's sound would come within the first one's lock
    return int(count())


def urgent(tabs: list[Page]) -> list[tuple[str, str]]:
    """The notifications that stay until they are seen to: whose, and what they say."""
    shown = [one for tab in tabs for one in tab.evaluate("notified")]
    return [(one["tag"], one["body"]) for one in shown if one["requireInteraction"]]
