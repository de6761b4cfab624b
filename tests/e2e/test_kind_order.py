"""The demo shop's orders in a real browser: the live total, the number after the confirmation, bob who accepts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import HostSite, Watched, confirm, hosted, mail_text, mailed_link, send, show_in_panel
from tests.e2e.console import sign_in
from tests.servers import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("order")) as service:
        service.seed_demo()
        service.start()
        yield service


def fill_in(form: Locator | Page, name: str, email: str) -> None:
    form.locator("[name=good_honey500]").fill("2")
    form.locator("[name=good_candle01]").fill("1")
    form.locator("[name=delivery][value=bypost01]").check()
    form.locator("[name=name]").fill(name)
    form.locator("[name=email]").fill(email)
    form.locator("[name=phone]").fill("020 7946 0958")
    form.locator("[name=street]").fill("1 Hill Road")
    form.locator("[name=postcode]").fill("AB1 2CD")
    form.locator("[name=city]").fill("Leeds")
    form.locator("[name=country]").select_option("GB")


def test_an_order_goes_from_the_panel_over_the_confirmation_to_bob_and_back(
    service: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor, mail_reader, operator = person(), person(), person()
    page = visitor.page()
    form, done = show_in_panel(page, service, host_site, "order")
    computed = form.locator("[data-lc=computed]")
    form.locator("[name=good_honey500]").fill("1")
    expect(computed).to_contain_text("We take orders from £10.00 on")
    form.locator("[name=delivery][value=pickup01]").check()
    expect(form.locator("[name=street]")).to_be_hidden()
    fill_in(form, "Erin", "erin@example.net")
    expect(computed.locator("tfoot")).to_contain_text("£30.90")
    page.screenshot(path=screenshots / "order-panel.png")
    send(form, done, "erin@example.net")

    confirm(mail_reader.page(), service, "erin@example.net")
    expect(done).to_contain_text("1003")
    expect(done.locator("[data-lc=rows] tfoot")).to_contain_text("£30.90")
    page.screenshot(path=screenshots / "order-panel-done.png")
    receipt = mail_text(service, "erin@example.net", 2)
    assert "1003" in receipt
    assert "£30.90" in receipt
    work = mailed_link(service, "alice@example.org", r"console/\S+/orders/\S+")
    assert "erin@example.net" in {told["Reply-To"] for told in service.emails("alice@example.org")}
    assert "erin@example.net" in service.run("contacts", "export", "--site", service.demo["site_key"]).stdout

    # Bob, who may work orders and not set them up, follows the link of the mail and accepts.
    desk = operator.page()
    sign_in(desk, service.url, service.operator("operator"))
    desk.goto(work)
    expect(desk.locator("[data-lc=bill] tfoot")).to_contain_text("£30.90")
    desk.locator("[name=note]").fill("It leaves on Monday.")
    desk.screenshot(path=screenshots / "order-console.png", full_page=True)
    desk.locator("button[value=accepted]").click()
    expect(desk.locator("h1")).to_contain_text("Accepted")
    news = mail_text(service, "erin@example.net", 3)
    assert "accepted" in news
    assert "It leaves on Monday." in news
    for watched in (visitor, mail_reader, operator):
        assert watched.complaints == []


def test_an_order_without_javascript(service: Service, person: Callable[..., Watched], screenshots: Path) -> None:
    visitor = person(java_script_enabled=False)
    page = visitor.page()
    page.goto(hosted(service, "order"))
    page.locator("[name=good_honey500]").fill("two")
    page.locator("[data-lc=submit]").click()
    expect(page.locator("#field-good_honey500-error")).to_contain_text("whole number")
    expect(page.locator("[name=good_honey500]")).to_have_value("two")
    fill_in(page, "Frida", "frida@example.net")
    page.locator("[name=act][value=compute]").click()
    expect(page.locator("[data-lc=computed]")).to_contain_text("£30.90")
    page.screenshot(path=screenshots / "order-hosted.png", full_page=True)
    send(page, page.locator("main"), "frida@example.net")
    confirm(page, service, "frida@example.net")
    expect(page.locator("main")).to_contain_text("£30.90")
    expect(page.locator("main h1")).to_contain_text(re.compile(r"100\d"))
    assert "£30.90" in mail_text(service, "frida@example.net", 2)
    assert [said for said in visitor.complaints if "422" not in said] == []
