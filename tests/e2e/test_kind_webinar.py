"""A seat in the demo's webinar in a real browser: from the panel, and from the hosted page without scripts."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from icalendar import Calendar
from playwright.sync_api import expect

from tests.e2e.conftest import HostSite, Watched, snippet
from tests.servers import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("webinar")) as service:
        service.seed_demo()
        service.start()
        yield service


def link_in(mail: EmailMessage, pattern: str) -> str:
    found = re.search(pattern, mail.get_body(("plain",)).get_content())
    assert found
    return found.group()


def entry_in(mail: EmailMessage) -> Calendar:
    """The calendar that goes with the mail, as it came over the wire."""
    (attached,) = mail.iter_attachments()
    assert attached.get_content_type() == "text/calendar"
    assert attached.get_param("method") == "REQUEST"
    content = attached.get_payload(decode=True)
    assert content.count(b"\r\n") == content.count(b"\n") == len(content.splitlines())
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    return Calendar.from_ical(content)


def contact_status(service: Service, address: str) -> str:
    """Out of the service's own database: a command would take longer to start than all the rest."""
    with sqlite3.connect(service.folder / "instance" / "leadcapture.db") as connection:
        (status,) = connection.execute("SELECT status FROM contacts WHERE email = ?", (address,)).fetchone()
    return str(status)


def test_a_visitor_takes_a_seat_in_the_panel_and_gets_the_way_in(
    service: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path
) -> None:
    host_site.strict(service.url)
    visitor = person(timezone_id="Asia/Tokyo")
    page = visitor.page()
    page.goto(host_site.put("/", snippet(service.url, service.demo["site_key"])))
    page.wait_for_function("() => window.leadcapture?.show")
    slug = service.demo["forms"]["webinar"]
    page.evaluate("slug => leadcapture.show(slug)", slug)
    form = page.locator(f"[data-lc=form][data-slug={slug}]")
    expect(form.locator("[name=session]")).to_have_count(3)
    expect(form.locator("[data-lc=local-time]").first).to_contain_text("On your clock:")
    page.screenshot(path=screenshots / "webinar-panel.png")
    form.locator("[name=name]").fill("Erin")
    form.locator("[name=email]").fill("erin@example.net")
    form.locator("[data-lc=submit]").click()
    expect(form.locator("[data-lc=error]").first).to_be_visible()
    form.locator("[name=session]").first.check()
    form.locator("[data-lc=submit]").click()
    done = page.locator("[data-lc=done]")
    expect(done).to_contain_text("erin@example.net", timeout=15_000)

    confirmation = person().page()
    confirmation.goto(link_in(service.wait_for_email("erin@example.net"), rf"{re.escape(service.url)}/confirm/\S+"))
    confirmation.locator("form [type=submit]").click()
    expect(done).to_contain_text("Your seat is saved")
    page.screenshot(path=screenshots / "webinar-panel-done.png")
    mail = service.wait_for_email("erin@example.net", 2)
    (event,) = entry_in(mail).walk("VEVENT")
    way_in = link_in(mail, rf"{re.escape(service.url)}/f/\S+/join/\S+")
    assert event["URL"] == way_in
    assert "meet.example.org" not in mail.as_string()

    seat = person(java_script_enabled=False)
    page = seat.page()
    page.goto(way_in)
    expect(page.locator("main")).to_contain_text("Your seat is saved")
    page.locator("[data-lc=leave]").click()
    expect(page.locator("main")).to_contain_text("You have no seat in this session")
    (gone,) = service.wait_for_email("erin@example.net", 3).iter_attachments()
    assert gone.get_param("method") == "CANCEL"
    assert contact_status(service, "erin@example.net") == "confirmed"
    assert visitor.complaints == seat.complaints == []


def test_a_seat_is_taken_on_the_hosted_page_without_javascript(
    service: Service, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person(java_script_enabled=False)
    page = visitor.page()
    page.goto(f"{service.url}/f/{service.demo['site_key']}/{service.demo['forms']['webinar']}")
    page.locator("[name=email]").fill("frida@example.net")
    page.locator("[data-lc=submit]").click()
    expect(page.locator("#field-session-error")).to_contain_text("Choose a session.")
    expect(page.locator("[name=email]")).to_have_value("frida@example.net")
    page.locator("[name=session]").last.check()
    page.screenshot(path=screenshots / "webinar-hosted.png", full_page=True)
    page.locator("[data-lc=submit]").click()
    expect(page.locator("main")).to_contain_text("frida@example.net")
    page.goto(link_in(service.wait_for_email("frida@example.net"), rf"{re.escape(service.url)}/confirm/\S+"))
    page.locator("form [type=submit]").click()
    expect(page.locator("main h1")).to_have_text("Your seat is saved")
    page.locator("[data-lc=link]").click()
    expect(page.locator("main")).to_contain_text("from 15 minutes before the session begins")
    entry_in(service.wait_for_email("frida@example.net", 2))
    assert [said for said in visitor.complaints if "422" not in said] == []
