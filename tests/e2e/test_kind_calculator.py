"""The demo shop's kitchen calculator in a real browser: computed on the spot, the quote only after the confirmation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import HostSite, Watched, confirm, hosted, mail_text, send, send_without_scripts, show_in_panel
from tests.servers import Service

TOTAL = "€8,356.56"  # by hand: see tests/forms/kinds/test_calculator.py


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("calculator")) as service:
        service.seed_demo()
        service.start()
        yield service


def slide(page: Page, name: str, value: str) -> None:
    page.locator(f"[name={name}]").evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', {bubbles: true})) }", value
    )


def test_the_panel_computes_without_a_request_and_the_quote_comes_after_the_confirmation(
    service: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person()
    page = visitor.page()
    form, done = show_in_panel(page, service, host_site, "calculator")
    computed = form.locator("[data-lc=computed]")
    expect(computed.locator(".total")).to_contain_text("€2,985.80")

    asked = len(visitor.requests)
    slide(page, "length", "4")
    form.locator("[name=fronts][value='Solid oak']").check()
    form.locator("[name=worktop]").select_option("Granite")
    form.locator("[name=wall]").fill("2")
    form.locator("[name=drawers]").fill("2")
    form.locator("[name=island]").check()
    form.locator("[name=distance]").fill("")
    expect(computed).to_contain_text("Still to fill in: Distance to you.")
    form.locator("[name=distance]").fill("35")
    expect(computed.locator(".total")).to_contain_text(TOTAL)
    expect(computed.locator("[data-name=fitting] dd")).to_have_text("€778.56")
    page.screenshot(path=screenshots / "calculator-panel.png")
    # What the challenge of the form costs is fetched once somebody types; computing asks for nothing.
    slug = service.demo["forms"]["calculator"]
    # The shop's invitation, too, prepares itself at the first act.
    others = [url for url in visitor.requests[asked:] if "/static/placement-" not in url]
    assert not [url for url in others if f"/forms/{slug}" not in url]
    assert len(others) <= 1

    form.locator("[name=email]").fill("erin@example.net")
    send(form, done, "erin@example.net")
    expect(done).not_to_contain_text(TOTAL)
    confirm(person().page(), service, "erin@example.net")
    expect(done).to_contain_text(TOTAL)
    expect(done).to_contain_text("Solid oak")
    page.screenshot(path=screenshots / "calculator-panel-done.png")
    mailed = mail_text(service, "erin@example.net", 2)
    assert TOTAL in mailed
    assert "Granite" in mailed
    assert "erin@example.net" in service.run("contacts", "export", "--site", service.demo["site_key"]).stdout
    assert visitor.complaints == []


def test_the_hosted_page_computes_and_sends_without_javascript(
    service: Service, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person(java_script_enabled=False)
    page = visitor.page()
    page.goto(hosted(service, "calculator"))
    page.locator("[name=fronts][value='Solid oak']").check()
    page.locator("[name=worktop]").select_option("Granite")
    page.locator("[name=wall]").fill("0")
    page.locator("[name=drawers]").fill("many")
    page.locator("[name=act][value=compute]").click()
    expect(page.locator("main")).to_contain_text("Enter a whole number from 0 to 20.")
    page.locator("[name=drawers]").fill("0")
    page.locator("[name=act][value=compute]").click()
    # 3.6 m: 2,808 and 1,044 for the worktop; 12 % for the fitting, 462.24.
    expect(page.locator("[data-lc=computed]")).to_contain_text("€4,314.24")
    expect(page.locator("[name=worktop]")).to_have_value("Granite")
    page.screenshot(path=screenshots / "calculator-hosted.png", full_page=True)

    send_without_scripts(page, service, "frida@example.net")
    expect(page.locator("main")).to_contain_text("€4,314.24")
    assert "€4,314.24" in mail_text(service, "frida@example.net", 2)
    assert [said for said in visitor.complaints if "422" not in said] == []
