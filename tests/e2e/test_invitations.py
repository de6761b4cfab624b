"""Invitations to the chat on a host page, and what the operator sees of who follows one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import HostSite, Watched, snippet
from tests.e2e.console import open_conversation, open_inbox, sign_in
from tests.servers import Service

WORDS = "Looking for something in particular?"  # the demo shop's, after forty seconds, once a day


def arrive(visitor: Watched, address: str) -> Page:
    page = visitor.page()
    page.clock.install()
    page.goto(address)
    expect(page.locator("[data-lc=launcher]")).to_be_visible()
    return page


def wait_on(page: Page, seconds: int) -> Locator:
    """What shows itself once the person has been there for so long and done nothing."""
    with page.expect_response("**/config?*"):
        page.clock.fast_forward(seconds * 1000)
    return page.locator("[data-lc=placed][data-where=invitation]")


def test_an_invitation_is_a_quiet_bubble_that_opens_the_chat_when_it_is_clicked(
    shop: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path
) -> None:
    host_site.strict(shop.url)
    address = host_site.put("/shoes", snippet(shop.url, shop.demo["site_key"]), '<a href="/">Home</a>', lang="en")
    alice = person().page()
    alice_account = shop.demo["operators"][0]
    sign_in(alice, shop.url, alice_account)
    open_inbox(alice, shop.url)
    switch = alice.locator("[data-lc=presence]")
    switch.click()
    expect(switch).to_have_attribute("data-state", "away")
    visitor = person()
    page = arrive(visitor, address)
    bubble = wait_on(page, 41)
    page.clock.run_for(2_000)
    expect(bubble).to_have_count(0)  # nobody is there to answer

    switch.click()
    expect(switch).to_have_attribute("data-state", "available")
    page.reload()
    page.locator("a").focus()
    bubble = wait_on(page, 41)
    expect(bubble).to_contain_text(WORDS)
    expect(page.locator("a")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text=WORDS)).to_have_count(1)
    assert page.locator("[data-lc=panel]").count() == 0, "never opened by force"
    assert page.evaluate("() => localStorage.length") == 0
    page.screenshot(path=screenshots / "invitation.png")
    bubble.locator("[data-lc=placed-close]").click()
    expect(bubble).to_have_count(0)
    page.reload()
    with page.expect_response("**/static/placement-*.js"):
        page.clock.fast_forward(41_000)
    page.clock.run_for(2_000)
    expect(bubble).to_have_count(0)  # once a day

    page = arrive(person(), address)
    wait_on(page, 41).locator("[data-lc=placed-open]").click()
    panel = page.locator("[data-lc=panel]")
    expect(panel).to_contain_text(WORDS)
    expect(page.locator("[data-lc=placed]")).to_have_count(0)
    page.locator("[data-lc=composer]").fill("Yes, in green please")
    page.locator("[data-lc=send]").click()

    expect(alice.locator("[data-lc=queue]")).to_contain_text("Yes, in green please", timeout=15_000)
    open_conversation(alice, "Yes, in green please")
    about = alice.locator("[data-lc=visitor]")
    expect(about.locator("[data-lc=pages]")).to_contain_text("/shoes")
    expect(about.locator("[data-lc=local-time]")).to_contain_text(":")
    alice.locator("[data-lc=people] summary").click()
    expect(alice.locator("[data-lc=people]")).to_contain_text("Some shop")
    alice.screenshot(path=screenshots / "inbox-people.png")
    assert visitor.complaints == []
