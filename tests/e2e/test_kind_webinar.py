"""A seat in the demo's webinar in a real browser: from the panel, and from the hosted page without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from icalendar import Calendar
from playwright.sync_api import expect

from tests.e2e.conftest import HostSite, Watched, confirm, contact_status, hosted, mailed_link, send, show_in_panel
from tests.servers import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("webinar")) as service:
        service.seed_demo()
        service.start()
        yield service


def entry_in(mail: EmailMessage) -> Calendar:
    """The calendar that goes with the mail, as it came over the wire."""
    (attached,) = mail.iter_attachments()
    assert attached.get_content_type() == "text/calendar"
    assert attached.get_param("method") == "REQUEST"
    content = attached.get_payload(decode=True)
    assert content.count(b"\r\n") == content.count(b"\n") == len(content.splitlines())
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    return Calendar.from_ical(content)


def test_a_visitor_takes_a_seat_in_the_panel_and_gets_the_way_in(
    service: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person(timezone_id="Asia/Tokyo")
    page = visitor.page()
    form, done = show_in_panel(page, service, host_site, "webinar")
    expect(form.locator("[name=session]")).to_have_count(3)
    expect(form.locator("[data-lc=local-time]").first).to_contain_text("On your clock:")
    page.screenshot(path=screenshots / "webinar-panel.png")
    form.locator("[name=name]").fill("Erin")
    form.locator("[name=email]").fill("erin@example.net")
    form.locator("[data-lc=submit]").click()
    expect(form.locator("[data-lc=error]").first).to_be_visible()
    form.locator("[name=session]").first.check()
    send(form, done, "erin@example.net")

    confirm(person().page(), service, "erin@example.net")
    expect(done).to_contain_text("Your seat is saved")
    page.screenshot(path=screenshots / "webinar-panel-done.png")
    mail = service.wait_for_email("erin@example.net", 2)
    (event,) = entry_in(mail).walk("VEVENT")
    way_in = mailed_link(service, "erin@example.net", r"f/\S+/join/\S+", 2)
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
    page.goto(hosted(service, "webinar"))
    page.locator("[name=email]").fill("frida@example.net")
    page.locator("[data-lc=submit]").click()
    expect(page.locator("#field-session-error")).to_contain_text("Choose a session.")
    expect(page.locator("[name=email]")).to_have_value("frida@example.net")
    page.locator("[name=session]").last.check()
    page.screenshot(path=screenshots / "webinar-hosted.png", full_page=True)
    send(page, page.locator("main"), "frida@example.net")
    confirm(page, service, "frida@example.net")
    expect(page.locator("main h1")).to_have_text("Your seat is saved")
    page.locator("[data-lc=link]").click()
    expect(page.locator("main")).to_contain_text("from 15 minutes before the session begins")
    entry_in(service.wait_for_email("frida@example.net", 2))
    assert [said for said in visitor.complaints if "422" not in said] == []
