"""The preferences page in a real browser: what a person does there by hand, and that a small screen has room for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Watched, confirm, contact_status, hosted, mail_text, mailed_link, send
from tests.servers import Service

ADDRESS, NEW = "greta@example.net", "greta@new.example.net"


def subscribed(page: Page, shop: Service, address: str) -> str:
    """Has subscribed and confirmed; the address of the person's preferences."""
    page.goto(hosted(shop, "subscription"))
    page.locator("[name=email]").fill(address)
    page.locator("[name=consent]").check()
    send(page, page.locator("main"), address)
    confirm(page, shop, address)
    return mailed_link(shop, address, r"preferences/\S+")


def test_a_person_changes_everything_by_hand_and_is_erased(shop: Service, person: Callable[..., Watched]) -> None:
    watched = person(java_script_enabled=False)
    page = watched.page()
    preferences = subscribed(page, shop, ADDRESS)
    page.goto(preferences)
    main = page.locator("main")
    expect(main).to_contain_text("sends me its newsletter")

    page.get_by_label("By phone, and no news by e-mail").check()
    page.get_by_label("Phone", exact=True).fill("+44 20 7946 0000")
    page.get_by_label("From", exact=True).fill("09:00")
    page.get_by_label("Until").fill("12:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    expect(page.get_by_label("Until")).to_have_value("12:00")

    page.get_by_role("button", name="30 days").click()
    expect(main).to_contain_text("No news before")
    page.get_by_role("button", name="End the break now").click()
    expect(page.get_by_role("button", name="90 days")).to_be_visible()

    page.get_by_label("New e-mail address").fill(NEW)
    page.get_by_role("button", name="Send the link").click()
    expect(main).to_contain_text("g•••@new.example.net")
    code = next(line for line in mail_text(shop, NEW).splitlines() if line.isdigit() and len(line) == 6)
    page.get_by_label("Code from the e-mail").fill(code)
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".address")).to_have_text(NEW)

    page.get_by_role("button", name="Stop everything").click()
    expect(page.get_by_role("status")).to_contain_text("Everything is stopped.")
    assert contact_status(shop, NEW) == "unsubscribed"
    again = page.get_by_role("switch")
    expect(again).not_to_be_checked()
    again.check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("switch")).to_be_checked()
    assert contact_status(shop, NEW) == "confirmed"

    page.get_by_role("button", name="Erase everything about me").click()
    page.get_by_role("button", name="Erase everything now").click()
    expect(page.get_by_role("status")).to_have_text("Everything is erased")
    page.goto(preferences)
    expect(page.locator("body")).to_contain_text("There is nothing here")
    assert [one for one in watched.complaints if "404" not in one] == []


def test_the_page_has_room_on_a_small_screen_in_both_directions(
    shop: Service, person: Callable[..., Watched], screenshots: Path
) -> None:
    watched = person(viewport={"width": 360, "height": 740})
    page = watched.page()
    preferences = subscribed(page, shop, "small@example.net")
    for language, direction, scheme in (("en", "ltr", "light"), ("ar", "rtl", "dark")):
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{preferences}?lang={language}")
        assert page.evaluate("document.documentElement.dir") == direction
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.screenshot(path=screenshots / f"preferences-{scheme}-{language}.png", full_page=True)
    page.locator("[name=days][value='90']").click()
    expect(page.locator("[name=days][value='0']")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "ar", "the page stays in its language"
    assert watched.complaints == []
