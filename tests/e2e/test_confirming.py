"""The mail is read on one device and the form was filled on another; programs look, fingers are impatient."""

from __future__ import annotations

import re
import sqlite3
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import expect

from tests.e2e.conftest import HostSite, Watched, mail_text, mailed_link, send, show_in_panel
from tests.servers import Service


def events(service: Service, address: str) -> list[str]:
    """How the ledger has it that the contact with that address was confirmed: an entry for each consent."""
    wanted = (
        "SELECT ledger.event FROM ledger JOIN contacts ON contacts.public_id = ledger.subject "
        "WHERE contacts.email = ? AND ledger.event = 'confirmed'"
    )
    with sqlite3.connect(service.folder / "instance" / "leadcapture.db") as connection:
        return [row[0] for row in connection.execute(wanted, (address,))]


def test_a_browser_that_only_looks_confirms_nothing_and_the_code_does_from_another_device(
    shop: Service, host_site: HostSite, person: Callable[..., Watched]
) -> None:
    address = "gina@example.net"
    laptop, phone = person().page(), person()
    form, done = show_in_panel(laptop, shop, host_site, "subscription")
    form.locator("[name=email]").fill(address)
    for box in form.locator("[name=consent]").all():
        box.check()
    send(form, done, address)

    # The phone opens what the mail leads to, scripts and all, follows it for a while and presses nothing.
    link = mailed_link(shop, address, r"confirm/\S+")
    reading = phone.page()
    for _ in range(3):
        reading.goto(link, wait_until="networkidle")
        expect(reading.locator("main form button")).to_be_visible()
    reading.mouse.wheel(0, 2_000)
    reading.keyboard.press("Escape")
    assert events(shop, address) == []

    # The code that it shows is typed on the laptop, where the form still waits for it.
    code = re.search(r"^(\d{6})\s*$", mail_text(shop, address), re.MULTILINE)
    assert code
    done.locator("[name=code]").fill(code[1])
    done.locator("[name=code]").press("Enter")
    expect(done).to_contain_text("You're subscribed", timeout=15_000)
    assert events(shop, address) == ["confirmed"]
    reading.reload()
    expect(reading.locator("main h1")).to_have_text("You're subscribed")
    assert phone.complaints == []


def test_a_hundred_presses_fifty_at_once_are_one_consent_and_a_hundred_times_the_same_success(shop: Service) -> None:
    address = "hugo@example.net"
    asked = f"email={address}&consent=newsletter".encode()
    slug = shop.demo["forms"]["subscription"]
    with urllib.request.urlopen(f"{shop.url}/f/{shop.demo['site_key']}/{slug}", data=asked) as answer:
        assert answer.status == 200
    link = mailed_link(shop, address, r"confirm/\S+")

    def press(_number: int) -> tuple[int, bytes]:
        with urllib.request.urlopen(link, data=b"", timeout=30) as page:
            return page.status, page.read()

    with ThreadPoolExecutor(50) as fingers:
        pages = list(fingers.map(press, range(100)))
    assert len(set(pages)) == 1
    assert pages[0][0] == 200
    assert b"You&#39;re subscribed" in pages[0][1]
    assert events(shop, address) == ["confirmed"]
