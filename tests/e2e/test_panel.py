"""The panel on a host page: what a visitor wrote survives, in one conversation over all tabs, whatever happens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import HostSite, Watched, snippet
from tests.e2e.console import open_conversation, open_inbox, reply, sign_in
from tests.servers import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("panel")) as service:
        service.seed_demo()
        service.start()
        yield service


@pytest.fixture
def inbox(service: Service, person: Callable[..., Watched]) -> Page:
    """An operator at the inbox, so that the chat is available."""
    page = person().page()
    sign_in(page, service.url, service.operator("owner"))
    open_inbox(page, service.url)
    return page


@pytest.fixture
def address(service: Service, host_site: HostSite) -> str:
    host_site.strict(service.url)
    host_site.put("/about", snippet(service.url, service.demo["site_key"]), "<h1>About</h1>")
    return host_site.put("/", snippet(service.url, service.demo["site_key"]), '<a href="/about">About</a>')


def open_panel(page: Page) -> None:
    page.locator("[data-lc=launcher]").click()
    expect(page.locator("[data-lc=composer]")).to_be_visible()


def say(page: Page, text: str) -> None:
    page.locator("[data-lc=composer]").fill(text)
    page.locator("[data-lc=send]").click()


def message(page: Page, text: str):  # type: ignore[no-untyped-def]
    return page.locator("[data-lc=message]", has_text=text)


def test_a_draft_survives_a_change_of_page(inbox: Page, address: str, person: Callable[..., Watched]) -> None:
    page = person().page()
    page.goto(address)
    open_panel(page)
    page.locator("[data-lc=composer]").fill("What I was about to")
    page.goto(address + "about")
    if not page.locator("[data-lc=composer]").is_visible():
        page.locator("[data-lc=launcher]").click()
    expect(page.locator("[data-lc=composer]")).to_have_value("What I was about to")


def test_a_message_sent_while_offline_waits_and_goes_out_once_even_over_a_reload(
    inbox: Page, address: str, person: Callable[..., Watched], service: Service
) -> None:
    visitor = person()
    page = visitor.page()
    page.goto(address)
    open_panel(page)
    say(page, "The first one")
    expect(message(page, "The first one")).not_to_have_attribute("data-state", "waiting")
    service.kill()
    say(page, "Written while you were away")
    expect(message(page, "Written while you were away")).to_have_attribute("data-state", "waiting")
    # That it is not sent is said in time; it goes out once the service is back, tapped or not.
    said = message(page, "Written while you were away")
    expect(said).to_have_attribute("data-state", "failed", timeout=5_000)
    said.locator("[data-lc=retry]").click()
    service.start()
    expect(said).to_have_attribute("data-state", re.compile("sent|delivered|seen"), timeout=20_000)
    page.reload()
    if not page.locator("[data-lc=composer]").is_visible():
        page.locator("[data-lc=launcher]").click()
    expect(message(page, "Written while you were away")).to_have_count(1)
    inbox.reload()
    open_conversation(inbox, "Written while you were away")
    expect(inbox.locator("[data-lc=log] [data-lc=message]", has_text="Written while you were away")).to_have_count(1)


def test_two_tabs_are_one_conversation(inbox: Page, address: str, person: Callable[..., Watched]) -> None:
    visitor = person()
    one = visitor.page()
    one.goto(address)
    open_panel(one)
    say(one, "From the first tab")
    expect(message(one, "From the first tab")).to_have_attribute("data-state", "delivered", timeout=10_000)
    two = visitor.page()
    two.goto(address + "about")
    if not two.locator("[data-lc=composer]").is_visible():
        two.locator("[data-lc=launcher]").click()
    expect(message(two, "From the first tab")).to_have_count(1)
    say(two, "From the second tab")
    expect(message(one, "From the second tab")).to_have_count(1)
    open_conversation(inbox, "From the second tab")
    reply(inbox, "To both")
    for tab in (one, two):
        expect(message(tab, "To both")).to_have_count(1)
    assert visitor.complaints == []


def test_an_answer_while_the_panel_is_closed_is_counted_on_the_launcher(
    inbox: Page, address: str, person: Callable[..., Watched]
) -> None:
    page = person().page()
    page.goto(address)
    open_panel(page)
    say(page, "Call me when you know")
    open_conversation(inbox, "Call me when you know")
    page.keyboard.press("Escape")
    expect(page.locator("[data-lc=launcher]")).to_be_focused()
    reply(inbox, "I know now")
    expect(page.locator("[data-lc=launcher]")).to_contain_text("1")


def test_a_framework_that_replaces_the_body_does_not_take_the_chat_away(
    inbox: Page, address: str, person: Callable[..., Watched]
) -> None:
    visitor = person()
    page = visitor.page()
    page.goto(address)
    open_panel(page)
    say(page, "Before the page changed")
    page.evaluate("""() => {
        history.pushState({}, "", "/elsewhere");
        const body = document.createElement("body");
        body.append(document.createElement("h1"));
        document.body.replaceWith(body);
    }""")
    expect(page.locator("[data-lc=launcher], [data-lc=panel]").first).to_be_visible()
    if not page.locator("[data-lc=composer]").is_visible():
        page.locator("[data-lc=launcher]").click()
    expect(message(page, "Before the page changed")).to_have_count(1)
    say(page, "And after it")
    expect(message(page, "And after it")).to_have_attribute("data-state", "delivered", timeout=10_000)
    assert visitor.complaints == []


def test_nothing_happens_before_consent_where_the_page_asks_for_it(
    service: Service, host_site: HostSite, person: Callable[..., Watched]
) -> None:
    host_site.strict(service.url)
    page = person().page()
    page.goto(host_site.put("/", snippet(service.url, service.demo["site_key"], **{"data-consent": "required"})))
    page.wait_for_function("() => !!window.leadcapture")
    assert page.locator("[data-lc=launcher]").count() == 0
    page.evaluate("() => window.leadcapture.consent(true)")
    expect(page.locator("[data-lc=launcher]")).to_be_visible()


def test_a_form_in_the_page_costs_no_request_and_no_shift_and_ends_in_a_mail(
    service: Service, host_site: HostSite, person: Callable[..., Watched]
) -> None:
    host_site.strict(service.url)
    slug = service.demo["forms"]["subscription"]
    visitor = person()
    page = visitor.page()
    page.add_init_script(
        "window.shifts = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) "
        "window.shifts += entry.value; }).observe({ type: 'layout-shift', buffered: true });"
    )
    page.goto(
        host_site.put(
            "/", snippet(service.url, service.demo["site_key"]), f'<div data-leadcapture-form="{slug}"></div>'
        )
    )
    form = page.locator(f"[data-lc=form][data-slug={slug}]")
    expect(form).to_be_visible()
    assert [url for url in visitor.requests if url.startswith(service.url)] == [
        f"{service.url}/widget/{service.demo['site_key']}.js"
    ]
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    form.locator("[name=email]").click()
    form.locator("[name=email]").fill("not an address")
    form.locator("[data-lc=submit]").click()
    expect(form.locator("[data-lc=error]").first).to_be_visible()
    form.locator("[name=email]").fill("inline@example.net")
    form.locator("[name=consent]").check()
    form.locator("[data-lc=submit]").click()
    expect(page.locator("[data-lc=done]")).to_contain_text("inline@example.net")
    assert len(sent) == 1, "however many ways there were to begin with the form, it is sent once"
    text = service.wait_for_email("inline@example.net").get_body(("plain",)).get_content()
    code = next(line.strip() for line in text.splitlines() if line.strip().isdigit() and len(line.strip()) == 6)
    page.locator("[name=code]").fill(code)
    page.keyboard.press("Enter")
    expect(page.locator("[name=code]")).to_be_hidden()
    assert "inline@example.net" in service.run("contacts", "export", "--site", service.demo["site_key"]).stdout
    assert visitor.complaints == [], "an invalid form is no error of the page"


def test_the_panel_in_arabic_runs_from_right_to_left(
    inbox: Page, service: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path
) -> None:
    host_site.strict(service.url)
    page = person(viewport={"width": 360, "height": 740}).page()
    page.goto(host_site.put("/", snippet(service.url, service.demo["site_key"], **{"data-lang": "ar"})))
    open_panel(page)
    assert page.locator("[data-lc=panel]").evaluate("element => getComputedStyle(element).direction") == "rtl"
    page.screenshot(path=screenshots / "panel-ar-phone.png")
